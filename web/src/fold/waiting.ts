/** What peers wait for, in words. */
const WORDS: { [what: string]: string } = {
  peers: "more peers",
  adoption: "agreement on who the members are",
  majority: "a majority",
  leader: "a leader",
  challenge: "the leader's challenge",
  votes: "votes",
  secret: "what only the leader knows",
  confirmation: "the others to confirm it after its start",
  copied: "nothing more, since a copy of it takes part",
  missed: "the next session, since it has missed messages",
  messages: "messages",
};

/** Returns what a peer waits for, by the word that its record has for it. */
export function waitsFor(what: string): string {
  return WORDS[what] ?? what;
}
