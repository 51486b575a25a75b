/** Short names for the types of the API's requests and responses, generated from its OpenAPI document (`make api-types`). */

import type { components, operations } from './schema';

type Schemas = components['schemas'];

export type ApiTokenView = Schemas['ApiTokenView'];
export type ArtifactView = Schemas['ArtifactView'];
export type ArtworkView = Schemas['ArtworkView'];
export type AuditLine = Schemas['AuditLine'];
export type AuditAction = Schemas['Action'];
export type AuditedAccount = Schemas['AuditedAccount'];
export type Box = Schemas['Box'];
export type Carrier = Schemas['Carrier'];
export type CheckedTable = Schemas['CheckedTable'];
export type ConsentsView = Schemas['ConsentsView'];
export type ConsequencesView = Schemas['ConsequencesView'];
export type CoveredPicture = Schemas['CoveredPicture'];
export type ClipCut = Schemas['ClipCut'];
export type Certificate = Schemas['ErasureCertificate'];
export type Colleague = Schemas['Colleague'];
export type Comparison = Schemas['Comparison'];
export type Covers = Schemas['Covers'];
export type CycleView = Schemas['CycleView'];
export type FamilyGoing = Schemas['FamilyGoing'];
export type FamilyRetention = Schemas['FamilyRetention'];
export type FamilyFilms = Schemas['FamilyFilms'];
export type FamilyLine = Schemas['FamilyLine'];
export type FamilyLines = Schemas['FamilyLines'];
export type FamilyView = Schemas['FamilyView'];
export type FilmLine = Schemas['FilmLine'];
export type FilmOf = Schemas['FilmOf'];
export type GuiderWork = Schemas['GuiderWork'];
export type HandedOutCopy = Schemas['HandedOutCopy'];
export type Health = Schemas['Health'];
export type JobLine = Schemas['JobLine'];
export type JobPage = Schemas['JobPage'];
export type KindView = Schemas['KindView'];
export type LastReview = Schemas['LastReview'];
export type LogbookView = Schemas['LogbookView'];
export type MomentCorrection = Schemas['MomentCorrection'];
export type MomentView = Schemas['MomentView'];
export type NewCycle = Schemas['NewCycle'];
export type MomentTrim = Schemas['MomentTrim'];
export type NewHours = Schemas['NewHours'];
export type NewSelection = Schemas['NewSelection'];
export type Notice = Schemas['Notice'];
export type OutputView = Schemas['OutputView'];
export type OwnerView = Schemas['OwnerView'];
export type Person = Schemas['Person'];
export type PreviewView = Schemas['PreviewView'];
export type RatingView = Schemas['RatingView'];
export type Row = Schemas['Row'];
export type ScaleView = Schemas['ScaleView'];
export type ResetReason = Schemas['ResetReason'];
export type WaitingReset = Schemas['WaitingReset'];
export type Purpose = Schemas['Purpose'];
export type PurposeNeeds = Schemas['PurposeNeeds'];
export type Statement = Schemas['Statement'];
export type Role = SignedIn['roles'][number];
export type Scope = Schemas['Scope'];
export type Score = Schemas['Score'];
export type SubjectAccessFigures = Schemas['SubjectAccessFigures'];
export type SubjectAccessItem = Schemas['SubjectAccessItem'];
export type SubjectAccessRequest = Schemas['SubjectAccessRequest'];
export type SubjectAccessView = Schemas['SubjectAccessView'];
export type SelectionCorrection = Schemas['SelectionCorrection'];
export type SelectionSummary = Schemas['SelectionSummary'];
export type SelectionView = Schemas['SelectionView'];
export type SessionView = Schemas['SessionView'];
export type ShareView = Schemas['ShareView'];
export type SignedIn = Schemas['SignedIn'];
export type SignInWays = Schemas['SignInWays'];
export type InvitationShown = Schemas['InvitationShown'];
export type OwnAccount = Schemas['OwnAccount'];
export type PasskeyOptions = Schemas['PasskeyOptions'];
export type PasskeyView = Schemas['PasskeyView'];
export type SecondFactors = Schemas['SecondFactors'];
export type SetUp = Schemas['SetUp'];
export type TotpToKeep = Schemas['TotpToKeep'];
export type Span = Schemas['Span'];
export type Step = Schemas['Step'];
export type StillCut = Schemas['StillCut'];
export type WorkerFigure = Schemas['WorkerFigure'];

type Streamed<Operation extends 'stream_selections' | 'stream_health'> =
  operations[Operation]['responses'][200]['content']['text/event-stream'];
/** The events of a stream, by what their `data` hold. */
export type SelectionsStreamEvent = Streamed<'stream_selections'>;
export type OperationsStreamEvent = Streamed<'stream_health'>;

export type AuditCheck = Schemas['AuditCheck'];
export type ShownLine = Schemas['ShownLine'];
export type AboutService = Schemas['AboutView'];
export type Answer = RatingView['answers'][string];
/** Filter of the job list, and the actions on a job that take no argument. */
export type WhichJobs = Schemas['JobFilter'];
export type JobAction = Exclude<JobLine['can'][number], 'priority'>;
/** Always present in responses, though optional in requests. */
export type Mark = Required<Schemas['Mark']>;
export type HidingView = Omit<Schemas['HidingView'], 'marks'> & { marks: Mark[] };
export type ReviewWords = Required<Schemas['ReviewWords']>;
