/**
 * Messages in flight. Where the feed tells of them (`message_sent`), they are those. Elsewhere they
 * are inferred: what a peer reports of itself (its challenge, solution, vote, block) it has just
 * sent, and when another reports the same, it has arrived.
 */
import { FLIGHTS_MAX, pushBounded, setBounded, type State } from "./state";

/** Messages whose departure is remembered, to see how long they take. */
const SENT_MAX = 400;

/** Notes that `by` reports something of `from`: it was sent if it is its own, or has arrived. */
export function inferFlight(
  state: State,
  kind: string,
  key: string,
  from: string,
  by: string | null | undefined,
): void {
  if (from === by) {
    setBounded(state.sent, key, state.at, SENT_MAX);
    if (!state.flightsTold) launch(state, kind, from, null, false);
    return;
  }
  const departed = state.sent.get(key);
  if (departed === undefined) return;
  const took = state.at - departed;
  if (took > 0 && took < 5000) state.latency += (took - state.latency) / 32;
}

/** Adds a message that has just been sent. */
export function launch(
  state: State,
  kind: string,
  from: string,
  to: string | null,
  lost: boolean,
): void {
  pushBounded(state.flights, { at: state.at, kind, from, to, lost }, FLIGHTS_MAX);
}
