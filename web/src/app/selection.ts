/** What is looked at more closely: a row of the table, or a block. */
export type Selection =
  | { kind: "row"; transaction: number }
  | { kind: "block"; height: number; hash: string };
