/** What peers of a network with rounds wait for, in words: for the ring, a peer, and the log. */
import type { Record } from "../feed/record";
import { nameOf } from "./peers";
import type { State } from "./state";

type Waits = Extract<Record, { event: "waiting" }>;

interface Reason {
  /** Behind "waits for". */
  words: string;
  /** What as many have done as are here. */
  done: string;
  /** The number of the rule in docs/protocol.md. */
  rule: string;
}

const REASONS: { [reason in Waits["for"]]: Reason } = {
  peers: { words: "more peers", done: "are here", rule: "G3" },
  adoption: { words: "the members to agree who they are", done: "have", rule: "G3" },
  majority: { words: "a majority", done: "can be heard", rule: "W4" },
  leader: { words: "a leader", done: "take part in an election", rule: "W4" },
  challenge: { words: "the leader's challenge", done: "", rule: "W4" },
  votes: { words: "votes", done: "have said yes", rule: "W4" },
  secret: { words: "what only the leader knows", done: "", rule: "P18" },
  confirmation: { words: "others to confirm its start", done: "have", rule: "I3" },
  copied: { words: "nothing more: a copy of it takes part", done: "", rule: "I5" },
  missed: { words: "the next session: it has missed messages", done: "", rule: "P19" },
  messages: { words: "messages", done: "", rule: "P6" },
};

/** Peers that are named in a sentence; of more, only how many. */
const NAMED_MAX = 4;

/** Returns what a peer waits for, by the word that its record has for it. */
export function waitsFor(what: string): string {
  return Object.hasOwn(REASONS, what) ? REASONS[what as Waits["for"]].words : what;
}

/** Returns how many have done what is waited for, of how many that must; "" if that is not told. */
export function figuresOf(what: string, here: number | null, needed: number | null): string {
  if (here === null || needed === null) return "";
  const done = Object.hasOwn(REASONS, what) ? REASONS[what as Waits["for"]].done : "";
  return `${here} of ${needed} ${done || "are here"}`;
}

/** Returns the sentence of a record, and its rule. */
export function waitingOf(state: State, record: Waits): { text: string; rule: string | null } {
  const name = (id: string | null | undefined) => nameOf(state, id);
  const parts = [`${name(record.peer)} waits for ${waitsFor(record.for)}`];
  if ("leader" in record) parts[0] += `, ${name(record.leader)}'s`;
  if ("transaction" in record) parts[0] += ` (row ${record.transaction})`;
  if ("needed" in record) parts.push(figuresOf(record.for, record.here, record.needed));
  const missing = "missing" in record ? record.missing : [];
  const named = missing.slice(0, NAMED_MAX).map(name).join(", ");
  const more = missing.length > NAMED_MAX ? ` and ${missing.length - NAMED_MAX} more` : "";
  if (named !== "") parts.push(`not ${named}${more}`);
  const rule = Object.hasOwn(REASONS, record.for) ? REASONS[record.for].rule : null;
  return { text: parts.join("; "), rule };
}
