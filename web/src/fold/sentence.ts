/** Each record as a plain sentence, with the rule behind it and its kind. */
import type { Record } from "../feed/record";
import { nameOf, shortId } from "./peers";
import { bits, count, duration, scaled, short } from "./text";
import type { State } from "./state";

/** Kinds by which the log is filtered, in the order of its buttons. */
export const TOPICS = ["peers", "leader", "round", "votes", "chain", "refused", "faults"] as const;
export type Topic = (typeof TOPICS)[number];

export interface Sentence {
  text: string;
  topic: Topic;
  /** The number of the rule in docs/protocol.md. */
  rule: string | null;
}

const say = (topic: Topic, text: string, rule: string | null = null): Sentence => ({
  text,
  topic,
  rule,
});

/** Returns the sentence of a record; null for messages, which are shown and not listed. */
export function sentenceOf(state: State, record: Record): Sentence | null {
  const name = (id: string | null | undefined) => nameOf(state, id);
  const by = name(record.peer);
  switch (record.event) {
    case "started": {
      const had = record.rows || record.blocks;
      const what = record.rows != null ? count(record.rows, "row") : count(record.blocks ?? 0, "block");
      return say("peers", had ? `${by} starts with ${what} from before` : `${by} starts`, "I1");
    }
    case "connected":
      return say("peers", `${by} can be reached`);
    case "disconnected":
      return say("peers", `${by} has lost its connection: ${record.reason}`);
    case "peer_joined":
      if ("joined" in record) {
        const known = `knows ${record.known} peers now`;
        return say("peers", `${by} hears ${name(record.joined)} for the first time and ${known}`, "G1");
      }
      return say("peers", `${name(record.address)} says that it is there`, "N6");
    case "peer_found":
      return say("peers", `${by} has found ${name(record.found)}`, "N4");
    case "peer_lost": {
      const others = state.peers.get(record.lost)?.suspectedBy.size ?? 1;
      const rule = state.kind === "chain" ? "N5" : "W3";
      const also = others > 1 ? `, as ${count(others - 1, "other")} did before` : "";
      return say("peers", `${by} has not heard ${name(record.lost)} for long${also}`, rule);
    }
    case "peer_heard":
      return say("peers", `${by} hears ${name(record.heard)} again`, "W3");
    case "peer_named": {
      const peer = `peer ${state.peers.get(record.named)?.number ?? shortId(record.named)}`;
      const like = record.like ? `, which looks like the name of ${name(record.like)}` : "";
      return say("peers", `${peer} is called ${short(record.name)}${like}`);
    }
    case "serving":
      return say("peers", `The API and this page are at ${record.url}`);
    case "membership_settled": {
      const members = count(record.members.length, "member");
      return say("peers", `The membership is settled: ${members}`, "G3");
    }
    case "leader_elected": {
      const drew = record.draw == null ? "" : `: it drew ${short(record.draw)}`;
      const many = record.draws?.length ? `, against ${count(record.draws.length - 1, "other draw")}` : "";
      const leads = `${name(record.leader)} leads term ${record.term}${drew}${many}`;
      return say("leader", leads, "E3");
    }
    case "challenge_issued":
      return say(
        "round",
        `${name(record.leader)} asks for row ${record.transaction}: ${bits(record.challenge)}`,
        "C1",
      );
    case "solution_found":
      if (!("finder" in record)) return say("round", `A solution is found: ${short(record.nonce)}`, "S1");
      return say(
        "round",
        `${name(record.finder)} has solved row ${record.transaction} with ${short(record.seed)}`,
        "S1",
      );
    case "vote_cast": {
      const vote = record.vote ? "votes for" : "votes against";
      const text = `${name(record.voter)} ${vote} ${short(record.seed)} in row ${record.transaction}`;
      return say("votes", text, record.vote ? "V2" : "V5");
    }
    case "round_decided": {
      const votes = `${record.yes} yes${record.no ? `, ${record.no} no` : ""}`;
      return say(
        "round",
        `Row ${record.transaction} is decided: ${name(record.winner)} has won (${votes})`,
        "V1",
      );
    }
    case "round_failed": {
      const votes = `${record.yes} yes, ${record.no} no`;
      return say("round", `The vote on row ${record.transaction} is lost (${votes}); it is mined again`, "P5");
    }
    case "waiting":
      return waiting(state, by, record);
    case "all_recorded":
      return say("round", "All members have every row that was asked for", "R1");
    case "message_refused": {
      const from = record.claimed ?? record.from;
      const who = from ? `a message of ${name(from)}` : `a message on ${record.topic ?? "the wire"}`;
      if (record.count) return say("refused", `${by} has refused ${record.count} more messages`);
      return say("refused", `${by} refuses ${who}: ${record.reason}`, ruleIn(record.reason) ?? "A2");
    }
    case "peer_copied":
      return say("refused", `A copy of ${by} speaks; ${by} no longer votes`, "I5");
    case "member_equivocated":
      return say("refused", `${name(record.member)} has contradicted itself: ${record.reason}`, "I6");
    case "network_overheard":
      return say("refused", `Another network is in this room (${record.speech}): ${record.advice}`, "A6");
    case "lagged":
      return say("peers", `${count(record.missed, "event")} are missing here: this page was too slow`);
    case "slept":
      return say("peers", `The machine of ${by} slept for ${record.seconds} s`);
    case "clock_set":
      return say("peers", `The clock of ${by} was set by ${record.by_ms} ms`);
    case "summary":
      return say("peers", `${by} ends: ${record.received} messages, ${record.refused} refused`);
    case "fault_set":
      return say("faults", `Fault: ${record.sentence}`);
    case "fault_cleared":
      return say("faults", `Fault ${record.fault} is undone`);
    case "peer_crashed":
      return say("faults", `${name(record.crashed)} is crashed`);
    case "peer_restarted":
      return record.byzantine
        ? say("faults", `${name(record.restarted)} breaks the rules from now on: ${record.byzantine}`)
        : say("faults", `${name(record.restarted)} is started again`, "I1");
    case "peer_frozen":
      return say("faults", `${name(record.frozen)} is frozen`);
    case "peer_thawed":
      return say("faults", `${name(record.thawed)} goes on`);
    case "pace_changed":
      return say("faults", record.paused ? "Time is paused" : `Time runs at ${record.speed}×`);
    case "message_lost": {
      const way = `from ${name(record.from)} to ${name(record.to)}`;
      return say("faults", `A ${record.kind} ${way} is lost: ${record.reason}`);
    }
    case "message_sent":
    case "messages_untold":
    case "hashes_sampled":
    case "blocks_sampled":
      return null;
    default:
      return ofChain(state, record) ?? ofOthers(record);
  }
}

type Waits = Extract<Record, { event: "waiting" }>;

/** Members that are named in a sentence; of more, only how many. */
const NAMED_MAX = 4;

function waiting(state: State, by: string, record: Waits): Sentence {
  const figures = "needed" in record ? `${record.here} of ${record.needed}` : "";
  const missing = "missing" in record ? lacking(state, record.missing) : "";
  switch (record.for) {
    case "peers":
      return say("peers", `${by} waits for more peers: ${figures} are here`, "G3");
    case "adoption":
      return say("peers", `${by} waits until ${figures} agree on the members${missing}`, "G3");
    case "majority":
      return say("round", `${by} waits: too few members for a majority, ${figures}`, "W4");
    case "leader":
      return say("leader", `${by} waits for a leader: ${figures} take part in an election${missing}`, "W4");
    case "challenge":
      return say("round", `${by} waits until ${nameOf(state, record.leader)} asks for row ${record.transaction}`, "W4");
    case "votes":
      return say("votes", `${by} waits for votes on row ${record.transaction}: ${figures}${missing}`, "W4");
    case "secret":
      return say("round", `${by} waits for what only the leader knows`, "P18");
    case "confirmation":
      return say("peers", `${by} has started again and waits until ${figures} confirm it${missing}`, "I3");
    case "copied":
      return say("refused", `${by} waits for nothing more: a copy of it takes part`, "I5");
    case "missed":
      return say("round", `${by} has missed messages, and waits for the next session`, "P6");
    case "messages":
      return say("round", `${by} waits: nothing has moved since row ${record.transaction}`, "P6");
  }
}

function lacking(state: State, missing: string[]): string {
  if (missing.length === 0) return "";
  if (missing.length > NAMED_MAX) return `; ${missing.length} do not`;
  return `; not ${missing.map((id) => nameOf(state, id)).join(", ")}`;
}

function ofChain(state: State, record: Record): Sentence | null {
  const name = (id: string | null | undefined) => nameOf(state, id);
  const by = name(record.peer);
  switch (record.event) {
    case "block_mined":
      return say("chain", `${by} has found block ${record.height}`, "M1");
    case "tip_changed": {
      const { height, disconnected, connected } = record;
      if (disconnected > 0) {
        const left = `${count(disconnected, "block")} no longer count, ${connected} now do`;
        return say("chain", `${by} goes over to another branch at height ${height}: ${left}`, "F3");
      }
      return say("chain", `${by} has block ${height}`, "F1");
    }
    case "block_held":
      return say("chain", `${name(record.holder)} holds block ${record.height} of ${by}`, "M5");
    case "block_only_here":
      return say("chain", `Only ${by} is known to have block ${record.height}: it may be lost`, "M5");
    case "entry_pooled":
      return say("chain", `An entry waits for a block: ${short(record.entry, 80)}`, "M2");
    case "entry_refused":
      return say("refused", `${by} refuses an entry: ${record.reason}`, ruleIn(record.reason) ?? "B14");
    case "download_started":
      return say("chain", `${by} fetches a chain of ${record.length} blocks`, "Y2");
    case "download_failed":
      return say("chain", `${by} could not fetch a chain: ${record.reason}`, "Y4");
    case "headers_fetched":
      return say("chain", `${by} has all headers of ${name(record.from)}; ${record.ahead} blocks follow`, "Y7");
    case "peer_shunned":
      return say("refused", `${by} asks ${name(record.shunned)} nothing for ${record.seconds} s`, "Y4");
    case "peer_banned":
      return say("refused", `${by} bans a key for ${record.seconds} s: ${record.reason}`, "X3");
    case "clock_wrong":
      return say("peers", `The clock of ${by} differs from that of others by ${record.ahead_s} s`, "B13");
    default:
      return null;
  }
}

function ofOthers(record: Record): Sentence {
  switch (record.event) {
    case "worker_joined":
      return say("peers", `Worker ${record.worker} mines; there are ${record.workers}`);
    case "worker_left":
      return say("peers", `Worker ${record.worker} has left after ${count(record.accepted, "share")}`);
    case "listening_for_miners":
      return say("peers", `Miners can connect to ${record.address}`);
    case "workers_moved":
      return say("peers", `${count(record.count, "more worker")} came or went`);
    case "shares_accepted":
      return say("round", `${record.worker} searches ${scaled(record.hash_rate)} hashes a second`);
    case "listening":
      return say("peers", `The tracker is at ${record.address}`, "N6");
    case "worker_dropped":
      return say("refused", `Worker ${record.worker} was cut off: ${record.reason}`);
    case "block_found":
      return say("chain", `A share of ${record.worker} is block ${record.height}`);
    case "connection_refused":
      return say("refused", `A connection of ${record.from} was ended: ${record.reason}`);
    case "peer_left":
      return say("peers", `${record.address} says that it leaves`, "N6");
    case "peer_gone":
      return say("peers", `The connection of ${record.address} has ended`, "N6");
    case "progress":
      return say("round", `${record.hashes} hashes tried in ${duration(record.seconds * 1000)}`);
    default:
      return say("peers", record.event.replaceAll("_", " "));
  }
}

/** Returns the rule that a reason names, as in "it is not signed (rule A2)". */
export function ruleIn(reason: string): string | null {
  return /\brules? ([A-Z]{1,2}\d+)\b/.exec(reason)?.[1] ?? null;
}
