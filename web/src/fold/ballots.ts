/** Ballots among the entries of a network: the first of each voter counts. */
import type { State } from "./state";

export interface Ballot {
  voter: string;
  choice: string;
}

/** Returns the ballot that an entry is, or null if it is none. */
export function ballotOf(text: string): Ballot | null {
  try {
    const value = JSON.parse(text) as { voter?: unknown; choice?: unknown };
    const isBallot = typeof value?.voter === "string" && typeof value.choice === "string";
    return isBallot ? { voter: value.voter as string, choice: value.choice as string } : null;
  } catch {
    return null;
  }
}

/** Returns the entry of a ballot, as the network writes it. */
export function entryOf(ballot: Ballot): string {
  return JSON.stringify({ voter: ballot.voter, choice: ballot.choice });
}

/** Counts the ballots that were heard: those that wait for a block are among them. */
export function countHeard(state: State): { choice: string; votes: number }[] {
  const voters = new Set<string>();
  const votes = new Map<string, number>();
  for (const entry of state.entries.values()) {
    const ballot = entry.refused === null ? ballotOf(entry.text) : null;
    if (!ballot || voters.has(ballot.voter)) continue;
    voters.add(ballot.voter);
    votes.set(ballot.choice, (votes.get(ballot.choice) ?? 0) + 1);
  }
  const choices = [...votes].map(([choice, count]) => ({ choice, votes: count }));
  return choices.sort((a, b) => b.votes - a.votes || a.choice.localeCompare(b.choice));
}
