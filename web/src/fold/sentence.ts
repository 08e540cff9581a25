/** Each record as a plain sentence, with the rule behind it and its kind. */
import type { Record, Schemas } from "../feed/record";
import { ofAssembly } from "./assembly-sentence";
import { votesNeeded } from "./headline";
import { nameOf, shortId } from "./peers";
import { bits, count, duration, scaled, short } from "./text";
import { rowOf } from "./rounds";
import { say, type Sentence } from "./saying";
import type { State } from "./state";
import { waitingOf } from "./waiting";

/** Returns the sentence of a record; null for messages, which are shown and not listed. */
export function sentenceOf(state: State, record: Record): Sentence | null {
  const name = (id: string | null | undefined) => nameOf(state, id);
  const by = name(record.peer);
  /** A rule that holds where a majority of all members decides, each of which counts once. */
  const ofMajority = (rule: string) => (state.byArrival || votesNeeded(state) === null ? null : rule);
  switch (record.event) {
    case "started": {
      if (record.watching) return say("peers", "the watcher starts: it takes no seat");
      const had = record.rows || record.blocks;
      const what = record.rows != null ? count(record.rows, "row") : count(record.blocks ?? 0, "block");
      const out = record.left_out ?? 0;
      const left = out > 0 ? `; ${count(out, "block")} on its disk ${out === 1 ? "is" : "are"} not valid` : "";
      const text = had ? `${by} starts with ${what} from before` : `${by} starts`;
      return say("peers", text + left, record.rows != null ? "I1" : null);
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
      const rule = state.kind === "assembly" ? "L16" : state.kind === "chain" ? "N5" : "W3";
      return say("peers", `${by} has lost sight of ${name(record.lost)}`, rule);
    }
    case "peer_heard":
      return say("peers", `${by} hears ${name(record.heard)} again`, state.kind === "assembly" ? "L16" : "W3");
    case "peer_named": {
      const peer = `peer ${state.peers.get(record.named)?.number ?? shortId(record.named)}`;
      const like = record.like ? `, which looks like the name of ${name(record.like)}` : "";
      return say("peers", `${peer} is called ${short(record.name)}${like}`);
    }
    case "reachable":
      return say("peers", `Other peers reach this one at ${record.address}`);
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
      return say("leader", leads, ofMajority("E3"));
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
      return say("votes", text, ofMajority(record.vote ? "V2" : "V5"));
    }
    case "round_decided": {
      const votes = `${record.yes} yes${record.no ? `, ${record.no} no` : ""}`;
      const other = rowOf(state, record.transaction)?.others.get(record.peer ?? "");
      if (other) {
        const has = `${name(other.winner)} with ${short(other.seed)}`;
        return say("refused", `${by} has another winner of row ${record.transaction}: ${has}`);
      }
      const text = `Row ${record.transaction} is decided: ${name(record.winner)} has won (${votes})`;
      return say("round", text, ofMajority("V1"));
    }
    case "round_failed": {
      const votes = `${record.yes} yes, ${record.no} no`;
      return say("round", `The vote on row ${record.transaction} is lost (${votes}); it is mined again`, "P5");
    }
    case "waiting": {
      const { text, rule } = waitingOf(state, record);
      return say(record.for === "copied" ? "refused" : "round", text, rule);
    }
    case "all_recorded":
      return say("round", "All members have every row that was asked for", "R1");
    case "message_refused": {
      const from = record.claimed ?? record.from;
      const who = from ? `a message of ${name(from)}` : `a message on ${record.topic ?? "the wire"}`;
      if (record.count) return say("refused", `${by} has refused ${record.count} more messages`);
      const bytes = record.bytes ? ` (${short(record.bytes)})` : "";
      const text = `${by} refuses ${who}: ${record.reason}${bytes}`;
      // Recordings of earlier versions have no rule.
      return say("refused", text, record.rule ?? ruleIn(record.reason));
    }
    case "peer_watched": {
      const who = record.watched ? name(record.watched) : "A peer that is not named";
      const broken = record.broken.map((it) => `${it.rule ?? it.kind} ${count(it.count, "time")}`);
      return broken.length > 0
        ? say("refused", `${who} broke rules: ${broken.join(", ")}`, record.broken[0]?.rule ?? null)
        : say("peers", `${who} broke no rule`);
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
        : say("faults", `${name(record.restarted)} is started again`, state.kind === "rounds" ? "I1" : null);
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
    case "message_heard":
    case "messages_untold":
    case "hashes_sampled":
    case "blocks_sampled":
      return null;
    case "charter_followed":
    case "view_entered":
    case "block_notarized":
    case "leader_passed_over":
    case "block_committed":
    case "proposal_refused":
    case "standstill":
    case "resumed":
    case "member_contradicted":
    case "catching_up":
    case "observing":
    case "diverged":
      return ofAssembly(state, record);
    default:
      return ofChain(state, record);
  }
}

type OtherEvent = Schemas["MinersEvent"] | Schemas["TrackerEvent"] | Schemas["SearchEvent"];
/** Two of them have the names of events of networks with rounds. */
type Other = Extract<
  Record,
  { event: Exclude<OtherEvent["event"], "peer_joined" | "solution_found"> }
>;
type OfChain = Extract<
  Record,
  { event: Exclude<Schemas["ChainEvent"]["event"], "peer_found"> }
>;

function ofChain(state: State, record: OfChain | Other): Sentence {
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
      return say("chain", `An entry waits for a block: ${short(record.entry, 80)}`, state.kind === "assembly" ? "L17" : "M2");
    case "entry_refused":
      return say("refused", `${by} refuses an entry: ${record.reason}`, ruleIn(record.reason));
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
      return say("peers", clockWrong(by, record.ahead_s), "B13");
    default:
      return ofOthers(record);
  }
}

function clockWrong(by: string, ahead: number): string {
  const seconds = `${Math.abs(ahead)} s ${ahead < 0 ? "behind" : "ahead of"}`;
  return `The clocks of others are ${seconds} that of ${by}`;
}

function ofOthers(record: Other): Sentence {
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
    default: {
      // All events of this version are above; a later one is listed by its name.
      const unknown: never = record;
      return say("peers", (unknown as Record).event.replaceAll("_", " "));
    }
  }
}

/** Returns the rule that a reason names, as in "it is not signed (rule A2)". */
export function ruleIn(reason: string): string | null {
  return /\brules? ([A-Z]{1,2}\d+)\b/.exec(reason)?.[1] ?? null;
}
