// `npm run mock -- 10 400`: serves the page with a made-up network of ten peers, a round in 400 ms.
import { serve } from "./server.mjs";

const [peers = 10, roundMs = 400] = process.argv.slice(2).map(Number);
const { url } = await serve({ peers, roundMs, port: 8600 });
console.log(url);
