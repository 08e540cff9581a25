/** The events of assemblies as sentences. */
import type { Record, Schemas } from "../feed/record";
import { nameOf } from "./peers";
import { say, type Sentence } from "./saying";
import type { State } from "./state";
import { count, short } from "./text";

export type OfAssembly = Extract<Record, { event: Schemas["AssemblyEvent"]["event"] }>;

/** Members that are named in a sentence; of more, only how many. */
const NAMED_MAX = 4;

/** Why a peer takes no part in the votes, in words. */
export const OBSERVES: { [why in Schemas["Observer"]]: string } = {
  not_a_member: "the charter does not name its key",
  disk_lost: "what it may have said before is not on its disk",
  copied: "another copy of it has spoken",
};

export function ofAssembly(state: State, record: OfAssembly): Sentence {
  const name = (id: string | null | undefined) => nameOf(state, id);
  const by = name(record.peer);
  switch (record.event) {
    case "charter_followed": {
      const part = record.member ? "is a member" : "follows it";
      const members = count(record.members.length, "member");
      return say("peers", `${by} ${part}: ${members}, ${record.quorum} of which decide`, "L1");
    }
    case "view_entered":
      return say("leader", `${by} enters view ${record.view}, which ${name(record.leader)} leads`, "L3");
    case "block_notarized": {
      const block = short(record.hash, 8);
      return say("votes", `${by} has a certificate: block ${block} is notarized in view ${record.view}`, "L7");
    }
    case "leader_passed_over":
      return say("leader", `View ${record.view} of ${name(record.leader)} is nullified: it ends without a block`, "L8");
    case "block_committed": {
      const has = count(record.entries, "entry", "entries");
      return say("chain", `${by} has committed block ${record.height} of view ${record.view}, with ${has}`, "L10");
    }
    case "proposal_refused":
      return say("refused", `${by} does not vote for what ${name(record.leader)} proposes in view ${record.view}: ${record.reason}`, "L6");
    case "standstill": {
      const named = record.missing.slice(0, NAMED_MAX).map(name).join(", ");
      const more = record.missing.length - NAMED_MAX;
      const missing = named && `; missing are ${named}${more > 0 ? ` and ${more} more` : ""}`;
      return say("refused", `${by} hears ${record.here} of the ${record.needed} members it takes: nothing is committed${missing}`, "L2");
    }
    case "resumed":
      return say("peers", `${by} hears enough members for a quorum again`, "L2");
    case "member_contradicted": {
      const { first, second } = record;
      return say("refused", `${name(record.member)} has contradicted itself: ${first.statement}, and ${second.statement}`, "L12");
    }
    case "catching_up":
      return say("chain", `${by} is at height ${record.height} and fetches blocks up to ${record.target}`, "L15");
    case "observing":
      return say("peers", `${by} only observes: ${OBSERVES[record.why]}`, "L13");
    case "diverged":
      return say("refused", `${by} stops: a quorum has committed block ${short(record.hash, 8)}, which is not valid: ${record.reason}`);
  }
}
