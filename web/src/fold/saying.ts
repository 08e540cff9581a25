/** What a sentence of the log is: its text, its kind, and the rule behind it. */

/** Kinds by which the log is filtered, in the order of its buttons. */
export const TOPICS = ["peers", "leader", "round", "votes", "chain", "refused", "faults"] as const;
export type Topic = (typeof TOPICS)[number];

export interface Sentence {
  text: string;
  topic: Topic;
  /** The number of the rule in docs/protocol.md. */
  rule: string | null;
}

export const say = (topic: Topic, text: string, rule: string | null = null): Sentence => ({
  text,
  topic,
  rule,
});
