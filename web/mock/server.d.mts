/** Types of server.mjs, for the tests that use it. */
export interface Served {
  url: string;
  act(action: object): void;
  undo(fault: number): void;
  restart(peers: number): void;
  close(): Promise<void>;
}
export function serve(options?: {
  peers?: number;
  roundMs?: number;
  token?: string | null;
  port?: number;
}): Promise<Served>;
