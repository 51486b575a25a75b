/** What the service tells IT; a figure that is unknown is null. */

export interface Hurt {
  code: string;
  level: 'warn' | 'bad';
  says: string;
  do: string;
}

export interface RunningJob {
  id: string;
  kind: string;
  worker: string | null;
  progress: number;
  lease_age_s: number | null;
  unmoved_s: number | null;
  stalled: boolean;
}

export interface Worker {
  name: string;
  version: string;
  state: 'working' | 'draining' | 'silent' | 'left';
  seen_s: number;
  jobs_done: number;
  runs: string[];
}

export interface Queue {
  due: number;
  oldest_waiting_s: number;
  waiting: { kind: string; priority: number; jobs: number }[];
  running: RunningJob[];
  stalled: number;
  done_24h: number;
  done_per_hour: number;
  failed_now: number;
  failed_24h: { code: string; sentence: string; jobs: number }[];
  ready_24h: { jobs: number; p50_s: number | null; p95_s: number | null; p99_s: number | null };
  healed_at: string | null;
  workers: Worker[];
}

export interface Operations {
  at: string;
  version: string;
  verdict: { state: 'well' | 'busy' | 'warn' | 'bad'; sentence: string; hurts: Hurt[] };
  since: string | null;
  database: string;
  database_answers: boolean;
  broker: string;
  broker_answers: boolean;
  storage: string;
  storage_writable: boolean;
  disk_free_bytes: number | null;
  disk_fills_per_day_bytes: number | null;
  disk_days_left: number | null;
  clock_skew_s: number | null;
  last_backup_at: string | null;
  queue: Queue | null;
}

export interface Step {
  at: string;
  waiting: number | null;
  oldest_waiting_s: number | null;
  workers: number | null;
  disk_free_bytes: number | null;
  done: number | null;
  failed: number | null;
  ready_p95_s: number | null;
}

export type Span = '24h' | '7d';
export type Which = 'failed' | 'stalled' | 'running' | 'waiting' | 'held';
export type Act = 'retry' | 'cancel' | 'hold' | 'release';

export interface Job {
  id: string;
  kind: string;
  state: string;
  stalled: boolean;
  priority: number;
  attempts: number;
  progress: number;
  queued_at: string;
  finished_at: string | null;
  worker: string | null;
  waited_s: number;
  reason: { code: string; sentence: string } | null;
  log: string;
  can: (Act | 'priority')[];
}

export interface JobPage {
  jobs: Job[];
  total: number;
}

export interface AuditLine {
  at: string;
  who: string;
  action: string;
  target: string;
  detail: string;
}
