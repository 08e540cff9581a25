/** The colours of messages by their kind, as names of the palette in style/base.css. */

export const KINDS: { kind: string; label: string; colour: string }[] = [
  { kind: "election", label: "election", colour: "--heather" },
  { kind: "challenge", label: "challenge", colour: "--amber-fill" },
  { kind: "solution", label: "solution", colour: "--moss" },
  { kind: "vote", label: "vote", colour: "--ice" },
  { kind: "block", label: "block", colour: "--moss" },
  { kind: "entry", label: "entry", colour: "--amber-fill" },
  { kind: "other", label: "other", colour: "--ink-3" },
];

/** Names that networks have for the same kinds. */
const SAME: { [kind: string]: string } = {
  coordinator: "election",
  verdict: "vote",
  refusal: "vote",
  chain: "block",
  headers: "block",
  proposal: "block",
  blocks: "block",
  certificates: "vote",
  entries: "entry",
};
/** In a network with a chain, two names mean something else than in one with rounds. */
const OF_CHAIN: { [kind: string]: string } = { announcement: "block", challenge: "other" };

/** Returns one of KINDS for whatever a message is called. */
export function kindOf(kind: string, isChain: boolean): string {
  const same = (isChain ? OF_CHAIN[kind] : undefined) ?? SAME[kind] ?? kind;
  return KINDS.some((it) => it.kind === same) ? same : "other";
}

/** Returns the name of the colour of a kind. */
export function colourOf(kind: string, isChain: boolean): string {
  const known = kindOf(kind, isChain);
  return KINDS.find((it) => it.kind === known)?.colour ?? "--ink-3";
}
