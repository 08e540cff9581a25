// A server that answers the page as `althing demo --http` does: it serves dist/, tells the records
// of a made-up network, and takes actions. The tests of the page use it; nothing else does.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { Network } from "./network.mjs";

const DIST = new URL("../dist/", import.meta.url);
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};
/** The policy of the real server: nothing from elsewhere, nothing inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STRATEGIES = [
  { name: "votes-twice", what: "says yes to two solutions of one row" },
  { name: "bad-solutions", what: "sends solutions that solve nothing" },
];

/** Starts a network of `peers` and its server on a free port; `close` ends both. */
export async function serve({ peers = 10, roundMs = 400, token = null, port = 0 } = {}) {
  const readers = new Set();
  const frame = (record) => `id: ${record.sequence}\nevent: record\ndata: ${JSON.stringify(record)}\n\n`;
  const begin = (count) => {
    const network = new Network(count, roundMs, (record) => {
      for (const reader of readers) reader.write(frame(record));
    });
    return { network, started: new Date().toISOString() };
  };
  let { network, started } = begin(peers);
  const server = createServer((request, answer) => {
    handle(request, answer).catch((error) => problem(answer, 500, "internal", String(error)));
  });

  async function handle(request, answer) {
    const url = new URL(request.url, "http://localhost");
    const isApi = url.pathname.startsWith("/v1/");
    if (!isApi) return file(answer, url.pathname);
    if (token && request.headers.authorization !== `Bearer ${token}`) {
      return problem(answer, 401, "unauthorized", "this network asks for a token");
    }
    const text = await body(request);
    const route = `${request.method} ${url.pathname}`;
    if (route === "GET /v1/node") {
      return json(answer, {
        version: "0",
        mode: "demo",
        network: "elect-chain",
        started,
        peers: network.peers.map((it) => it.peer),
        first_sequence: network.records[0]?.sequence ?? 0,
        next_sequence: (network.records.at(-1)?.sequence ?? -1) + 1,
        can: { submit: false, control: true, entries: false, table: true, blocks: false },
      });
    }
    if (route === "GET /v1/peers") {
      const items = network.peers.map((it) => ({
        peer: it.peer,
        received: 0,
        refused: 0,
        hashes: Math.round(it.hashes),
      }));
      return json(answer, { items });
    }
    if (route === "GET /v1/demo") {
      const { pace } = network;
      const shown = network.peers.map(({ number, peer, state, byzantine }) => ({
        number,
        peer,
        state,
        byzantine,
      }));
      const faults = [...network.faults.values()];
      return json(answer, { peers: shown, faults, pace, strategies: STRATEGIES });
    }
    if (route === "GET /v1/events") {
      answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      const from = Number(url.searchParams.get("from") ?? 0);
      for (const record of network.records) if (record.sequence >= from) answer.write(frame(record));
      readers.add(answer);
      request.on("close", () => readers.delete(answer));
      return undefined;
    }
    if (route === "POST /v1/demo/actions") {
      try {
        return json(answer, network.act(JSON.parse(text)));
      } catch (error) {
        return problem(answer, 409, "busy", error.message);
      }
    }
    const undone = /^DELETE \/v1\/demo\/faults\/(\d+)$/.exec(route);
    if (undone) {
      network.undo(Number(undone[1]));
      return json(answer, {});
    }
    return problem(answer, 404, "not_found", `there is no ${url.pathname}`);
  }

  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  network.start();
  return {
    act: (action) => network.act(action),
    undo: (fault) => network.undo(fault),
    /** As if the process had ended, and another one were there at the same address. */
    restart(count) {
      network.stop();
      for (const reader of readers) reader.destroy();
      readers.clear();
      const before = started;
      do ({ network, started } = begin(count));
      while (started === before);
      network.start();
    },
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      network.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function file(answer, path) {
  const name = path === "/" ? "index.html" : path.slice(1);
  const content = /^[a-z0-9.-]+$/.test(name)
    ? await readFile(new URL(name, DIST)).catch(() => null)
    : null;
  if (!content) return problem(answer, 404, "not_found", `there is no ${path}`);
  const type = TYPES[extname(name)] ?? "application/octet-stream";
  answer.writeHead(200, { "content-type": type, "content-security-policy": POLICY });
  return answer.end(content);
}

async function body(request) {
  let text = "";
  for await (const part of request) text += part;
  return text;
}

function json(answer, value) {
  answer.writeHead(200, { "content-type": "application/json" });
  answer.end(JSON.stringify(value));
}

function problem(answer, status, code, detail) {
  if (answer.headersSent) return answer.end();
  answer.writeHead(status, { "content-type": "application/problem+json" });
  return answer.end(JSON.stringify({ type: "about:blank", title: code, status, detail, code }));
}
