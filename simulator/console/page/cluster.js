// What the views of a cluster share: they are loaded anew as soon as something changes there.
import { html } from "./lit/lit-html.js";
import { follow, get, word } from "./api.js";

const path = "/console/cluster";
let following;
let source;

// load asks for what a view shows, and has it asked anew when there is something else to show.
export async function load(what, refresh) {
	source ??= await get(`${path}/`);
	if (!following) {
		const stop = following = new AbortController();
		follow(`${path}/follow`, refresh, stop.signal).catch(() => {}).finally(() => { if (following === stop) following = undefined; });
	}
	return { ...await get(`${path}/${what}`), source };
}

// leave ends that.
export function leave() {
	following?.abort();
	following = undefined;
}

// check is the path by which a location is checked now.
export const check = ({ namespace, name }) => `${path}/locations/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/check`;

// kubectl writes a command line.
export const kubectl = (source, ...words) => [...source.kubectl, ...words].map(word).join(" ");

// problems says what is not shown, and why.
export const problems = (all) => all.map((problem) => html`<p class="bad">Not shown: ${problem}</p>`);
