import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

/** Types are only removed from components; `npm run check` checks them. */
export default { preprocess: vitePreprocess() };
