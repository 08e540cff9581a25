/** What the server answers and takes, as far as this page uses it: `docs/openapi.json`. */
import type { components } from "../generated/api";

type Schemas = components["schemas"];

export type Node = Schemas["Node"];
export type PeerStatus = Schemas["PeerStatus"];
export type Block = Schemas["Block"];
export type Entry = Schemas["Entry"];
export type NewEntry = Schemas["NewEntry"];
export type Submitted = Schemas["Submitted"];
export type Ballot = Schemas["Ballot"];
export type Tally = Schemas["Tally"];
export type Effect = Schemas["Effect"];
export type Demo = Schemas["Demo"];
export type Action = Schemas["Action"];
export type Done = Schemas["Done"];

/** A page of a list. */
export interface Page<T> {
  items: T[];
  next: number | null;
  total: number;
}
