/**
 * What each element is, in a sentence for a class, and the rule behind it. The numbers are those of
 * docs/protocol.md; a test checks that each of them is there.
 */
import type { Kind } from "../fold/state";

export interface Explanation {
  title: string;
  text: string;
  rules: string[];
}

export const EXPLANATIONS: { [key: string]: Explanation } = {
  ring: {
    title: "The peers",
    text: "Every circle is one peer. Each keeps the whole ledger itself, and any of them may fail. A dashed circle has crashed, or has no connection.",
    rules: ["G1", "N4"],
  },
  leader: {
    title: "The leader",
    text: "The members draw for it, and follow the one that has won. Where a majority decides, it leads once a majority has promised to follow it; if it falls silent, the others draw again.",
    rules: ["E1", "E3", "W2", "P2"],
  },
  suspicion: {
    title: "Suspicion",
    text: "The red arc is the share of peers that have lost sight of this one. It was silent for long, or did not answer. That is no proof of being dead: a peer that is heard again is suspected no more.",
    rules: ["W3", "N5"],
  },
  rate: {
    title: "Hash rate",
    text: "The amber arc is how fast a peer searches, beside the fastest one. Each try is a hash, and each has the same small chance to solve the challenge.",
    rules: ["S1", "M1"],
  },
  flights: {
    title: "Messages in flight",
    text: "Each dot is a message on its way from one peer to another; its colour is its kind. A red cross is one that was lost. Where the records tell of no messages, the dots follow from what the peers report.",
    rules: ["W1", "P6"],
  },
  round: {
    title: "The round",
    text: "One row of the table, from left to right: the leader's challenge, the search, the solutions, the votes, and the record on each disk. Where the leader alone decides, there are no votes.",
    rules: ["C1", "V1", "R1", "P10"],
  },
  votes: {
    title: "Votes",
    text: "Where a majority decides, a member says yes once, and only to what its leader proposes. Where votes are signed, each peer checks the signature itself before it counts the vote.",
    rules: ["V2", "V3", "A2", "P5"],
  },
  ledger: {
    title: "The table",
    text: "Decided rows, the newest at the right. A row that a majority of all members has voted for is final: no later leader can propose another. Peers that count messages as they arrive may differ.",
    rules: ["V1", "E4", "C3", "P5"],
  },
  chain: {
    title: "The chain",
    text: "Each block holds the hash of the one before it, so to change one is to change all that follow. Below it stand blocks that were found as well and do not count.",
    rules: ["B11", "F1", "F3"],
  },
  assembly: {
    title: "The assembly",
    text: "The members vote on one block in each view, which its leader proposes. What a quorum has finalized is committed for good. If the leader is silent or breaks a rule, they pass it over. The time is that from the first member in the view to the first commit.",
    rules: ["L3", "L7", "L8", "L10", "L12"],
  },
  agreed: {
    title: "Agreed so far",
    text: "Up to this line all peers that tell of their chain have the same blocks. Beyond it, a longer branch may still take over.",
    rules: ["F1", "F2", "M5"],
  },
  charts: {
    title: "Difficulty and speed",
    text: "A challenge of one bit more takes twice as many hashes on average. The hash rate is worked out from what was solved and how long that took, so it jumps with luck.",
    rules: ["S1", "D3"],
  },
  log: {
    title: "What happened, and why",
    text: "Every event as a sentence, with the number of the rule behind it. What ten peers report of one fact is one line, unless you ask for each report.",
    rules: ["R1", "F1"],
  },
  table: {
    title: "Rows",
    text: "Every row: the difficulty, the text that solves it, who found it, and the votes that were counted, as the first peer has reported it. If another has recorded something else, the row is red.",
    rules: ["R1", "R2", "P5"],
  },
  ballots: {
    title: "Ballots",
    text: "A ballot is one entry of the chain, and the first of each voter counts. Anyone can count them again from the blocks.",
    rules: ["B2", "B14", "M5"],
  },
  plug: {
    title: "The plug",
    text: "Break something and watch: crash a peer, cut the network in two, lose or corrupt messages, or let a peer break the rules. Everything here can be undone.",
    rules: ["W4", "E5", "I3"],
  },
  whatif: {
    title: "Change one byte",
    text: "Flip bits of a stored block, in memory only, and verify the chain again: the block and every one after it falls, since each holds the hash of the one before.",
    rules: ["B6", "B7", "B11"],
  },
  time: {
    title: "Time",
    text: "All of this page is worked out from a list of records. So any moment can be shown again: drag the slider, step from event to event, or send a link to a moment. Marks are violet for another leader, green for another branch, red for what was broken.",
    rules: ["Q1"],
  },
};

/** Rules in a few words, for those that the page quotes. */
export const RULES: { [rule: string]: string } = {
  A1: "Only the words of members count; a stranger may announce itself, and ask for rows.",
  A2: "A peer that announces a key is held to it: every message must carry a valid signature.",
  A3: "A peer's key never changes, and an announcement is signed with the key that it names.",
  A4: "A peer that hears its own name on what it never said reports it.",
  A5: "What does not name its term is refused: each peer would have to guess which it is.",
  A6: "A peer listens to other networks in its room, and says which option would join them.",
  B1: "A block has the format of its network.",
  B2: "A block has as many entries as its network allows.",
  B3: "An entry is a text or, where entries are signed, a signed entry, and not too long.",
  B4: "A nonce that is a text is not too long.",
  B5: "The name of a block's miner is not too long.",
  B6: "The hash sent with a block is the hash of its bytes after its parent.",
  B7: "The hash meets the difficulty that the block states.",
  B8: "A block's entries are those under the Merkle root of its header.",
  B9: "Each entry is signed by its author.",
  B10: "A chain begins with the genesis of its network.",
  B11: "A block's height is one more than its parent's.",
  B12: "A block states the difficulty that its place in the chain requires.",
  B13: "A block's time is after the median of eleven blocks before, and not far ahead.",
  B14: "The application accepts its entries, in order, after all those before them.",
  C1: "Only the leader of a term issues challenges, for one row at a time.",
  C2: "A leader proposes the first valid solution it receives; other rows than the open one wait, or are over.",
  C3: "A new leader first proposes again what may have been decided before it.",
  D2: "In cs60 a later block needs more zeros, as its height says.",
  D3: "Difficulty doubles and halves with how far blocks are ahead of or behind the schedule.",
  E1: "Every member draws a number; the highest leads.",
  E2: "A member draws once per term; only its first draw counts.",
  E3: "A leader needs the promises of a majority, each on disk before it is sent.",
  E4: "A promise contains the solution to which the member last said yes.",
  E5: "A term without progress ends: members draw for the next one.",
  F1: "The valid chain with the most work counts.",
  F2: "Among equals the first seen counts, or the one with the smallest last hash.",
  F3: "When a better chain takes over, blocks that no longer count are disconnected.",
  F4: "A block that was found bad stays bad, and so do all that follow it.",
  G1: "A peer announces itself when it starts and when it first hears of another.",
  G3: "Promises begin when all members agree on who the members are.",
  G5: "A peer knows so many ids, and refuses more.",
  G6: "An election counts only among peers with the same membership.",
  G8: "A name is a hint for people, and a peer may change it a few times.",
  I1: "Each start of a peer has a number, which is on disk before it speaks.",
  I3: "A peer that starts again votes only once others have confirmed its start.",
  I4: "A later start of a member counts, and earlier ones are refused.",
  I5: "A peer that hears itself say what it never said no longer votes.",
  I6: "Two contradicting signed messages are kept as proof; neither counts.",
  L1: "The charter names the members and their keys; its hash is the id of the chain, and all signatures cover it.",
  L2: "A certificate has the signatures of a quorum: any two quorums share an honest member.",
  L3: "The leader of each view is drawn from its number, so all know it and there is no election.",
  L6: "A leader proposes one block, on one that is notarized; each view between the two is nullified.",
  L7: "A member votes to notarize the first valid block of the leader, once in a view.",
  L8: "A member votes to nullify a view if its leader is silent, breaks the rules, or takes too long.",
  L10: "A block that a quorum has finalized is committed for good, with all blocks before it.",
  L12: "Two signed statements of one member that exclude each other are evidence, shown to all.",
  L13: "A member whose disk does not say what it may have said only observes.",
  L15: "A peer that lacks blocks asks members for them; each answer proves itself.",
  L16: "A member that is silent for longer than usual is suspected, and trusted again once heard.",
  L17: "An entry is signed by its author, sent to all, and repeated until it is committed.",
  M1: "A peer searches on its tip for a block with the waiting entries.",
  M2: "Entries wait in the mempool, in their order.",
  M5: "A block is held when another peer shows that it has it.",
  N1: "A peer follows no claims of peers that it does not know.",
  N4: "A peer that answers is known from then on, at the address it spoke from.",
  N5: "A peer that is not heard for 60 s is forgotten until it is heard again.",
  N6: "The peers on the tracker's list are known, and no others.",
  N7: "A peer knows so many peers, and refuses more.",
  N8: "A peer answers so many questions of others at once, and no more.",
  N9: "A message of a kind that the network does not have is dropped.",
  N10: "An address is sent blocks only after it has shown that it receives.",
  P2: "The first N draws elect the leader, from any sender.",
  P5: "The next N votes decide; without a majority the row is mined again.",
  P6: "A peer repeats nothing, since a repetition would be counted again.",
  P7: "Where members sign, the first key of an id is its key, and each draw counts once.",
  P10: "Where the leader alone decides, it accepts the first valid solution, and no vote is cast.",
  P18: "What is hashed, and which zeros count, is as in the programs; a text that a leader keeps secret is found by no search.",
  P19: "A peer that may have missed messages records nothing more until the next session.",
  P20: "A peer that hears its own id more often than it has said it shares it with another.",
  Q1: "A message for a later row or term is kept, and handled when it is due.",
  Q2: "A message of a kind that the network does not have is dropped.",
  R1: "A decided row is on disk before it is published, with the votes that decided it.",
  R2: "A member that lacks rows asks for them, and gets them with their votes.",
  S1: "A solution solves the challenge by the puzzle of the network.",
  S2: "Each member may send one solution per row.",
  V1: "A row is decided by yes votes of a majority of all members.",
  V2: "A member says yes once per row and term, and only to what its leader proposes.",
  V3: "A second, different vote of the same member is refused, and neither counts.",
  V4: "A yes to what is no solution, or to a solution of a stranger, is refused.",
  V5: "A member says no to the first invalid solution of a row.",
  W1: "While nothing moves, peers repeat what others may lack.",
  W2: "A leader that is silent, or whose challenge stays unsolved, is replaced.",
  W3: "A member that is not heard for long, or does not answer, is shown as lost.",
  W4: "Without a majority of all members the network waits, and says so.",
  X1: "A message whose signature is not its sender's is dropped.",
  X3: "A key that signs what no honest peer signs is banned for an hour.",
  Y2: "Blocks are fetched from the peers that claim the same chain.",
  Y3: "What was not asked for is not taken.",
  Y4: "A claim whose blocks no peer sends is given up.",
  Y7: "Headers are fetched and checked before their blocks.",
};

/** A step of the guided tour: an element of EXPLANATIONS, and what to look at. */
export interface Step {
  key: string;
  title: string;
  text: string;
}

/**
 * Returns the five steps of the tour, which differ for networks with a chain, and where there is no
 * plug to pull.
 */
export function tourOf(kind: Kind, canPlug: boolean): Step[] {
  const own = kind === "chain" ? CHAIN_TOUR : kind === "assembly" ? ASSEMBLY_TOUR : {};
  const steps = TOUR.map((step, at) => own[at] ?? step);
  return canPlug ? steps : steps.map((step) => (step.key === "plug" ? LOG_STEP : step));
}

const LOG_STEP: Step = {
  key: "log",
  title: "What happened, and why",
  text: "Each line is something that a peer has told, with the number of the rule behind it. Choose the kinds or the peer that you want to follow, or go to the moment of a line.",
};

const CHAIN_TOUR: { [at: number]: Step } = {
  0: {
    key: "ring",
    title: "No server, and no leader",
    text: "Each circle is a peer, with the height of its chain below it. The dots are blocks and entries on their way. Every peer checks all that it hears.",
  },
  1: {
    key: "charts",
    title: "The finder of a block adds it",
    text: "All peers search at once, and each try has the same small chance. So the time between two blocks is up to luck, and two may be found at the same time.",
  },
  2: {
    key: "ledger",
    title: "The chain",
    text: "The chain with the most work counts. Blocks that were found as well hang below it. Up to the green line all peers agree; choose a block to look into it.",
  },
  3: {
    key: "plug",
    title: "Pull the plug",
    text: "Choose a peer and crash it, or draw a line across the ring to cut the network in two. Both sides go on, each with a chain of its own; once the line is undone, the one with more work counts.",
  },
};

const ASSEMBLY_TOUR: { [at: number]: Step } = {
  0: {
    key: "ring",
    title: "Members, and no server",
    text: "Each circle is a member of the charter. The dark one leads this view; the next one has another leader, drawn from its number. The dots are votes, blocks and entries on their way.",
  },
  1: {
    key: "assembly",
    title: "One block in a view",
    text: "The leader proposes a block, and the members vote on it. A quorum commits it for good, though some of them may lie. If no valid block comes in time, they pass the leader over.",
  },
  2: {
    key: "charts",
    title: "How long it takes",
    text: "From the first member that enters a view to the first that has committed its block: a few messages, and while nobody has anything to say, the pause between blocks.",
  },
  3: {
    key: "plug",
    title: "Pull the plug",
    text: "Choose the leader and crash it, or have a member break the rules: the others go on while a quorum is left. With fewer they wait, and commit nothing that could be replaced.",
  },
};

const TOUR: Step[] = [
  {
    key: "ring",
    title: "Peers, and no server",
    text: "Each circle is a peer. The dark one leads: the members have drawn for it. The dots are messages on their way.",
  },
  {
    key: "round",
    title: "One row at a time",
    text: "The leader sets a challenge, all peers search, and the members check and vote on what is found. Here you see who knew what, and when.",
  },
  {
    key: "ledger",
    title: "The ledger",
    text: "Rows that are decided, the newest at the right. What a majority of all members has voted for is final: no later leader can propose another. Choose a row to see its votes.",
  },
  {
    key: "plug",
    title: "Pull the plug",
    text: "Choose the leader and crash it, or draw a line across the ring to cut the network in two. The side with a majority goes on; the other waits, and says so.",
  },
  {
    key: "time",
    title: "Go back in time",
    text: "Everything above is worked out from a list of records. Drag the slider to any moment, or drop a recording on the page to watch it again.",
  },
];
