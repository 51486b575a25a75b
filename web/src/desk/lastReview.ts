/** What the next cycle goes on from: the last review with a family, as the service remembers it. */

import { api, dataOf } from '../api/client.svelte';
import type { LastReview } from '../api/types';

export interface Begun {
  cycle: number;
  question: string;
  points: string[];
}

/** The details of the cycle after it. What was already written stays, and comes first. */
export function goOnFrom(last: LastReview, details: Begun): Begun {
  const written = details.points.map((point) => point.trim()).filter(Boolean);
  return {
    cycle: last.cycle + 1,
    question: details.question.trim() ? details.question : last.helping_question,
    points: [...new Set([...written, ...last.working_points])],
  };
}

/** Null where there was none yet, or it cannot be asked for just now. */
export async function loadLastReview(familyId: string): Promise<LastReview | null> {
  const path = { family_id: familyId };
  return (await dataOf(api.GET('/api/v1/families/{family_id}/last-review', { params: { path } })).catch(() => null)) ?? null;
}
