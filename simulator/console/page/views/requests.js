import { html } from "../lit/lit-html.js";
import { simulator } from "../api.js";
import { command, table, time } from "../parts.js";

const kept = 200; // rows; those that are older are in the journal
const seconds = 60; // that the plots show

const filters = [["account", "Account"], ["bucket", "Bucket"], ["operation", "Operation"], ["status", "Status (such as 5??)"], ["error", "Error code (* is any)"]];
let filter = {};
let source;
let rows = []; // the newest first
let rate = []; // [second, requests, slowest] of the last minute
let last = 0;
let paused = false;
let drawing;
let broken = false; // it is tried again by the browser
let begun; // since when it is listened: what came before is not of this minute

function listen(draw) {
	const query = new URLSearchParams({ ...filter, after: String(last) });
	source = new EventSource(`/v1/journal/follow?${query}`);
	begun = Date.now();
	source.onopen = () => { broken = false; };
	source.onerror = () => { broken = true; draw(); };
	source.onmessage = ({ data }) => {
		const entry = JSON.parse(data);
		last = entry.sequence;
		rows.unshift(entry);
		rows.length = Math.min(rows.length, kept);
		count(entry);
		// However many requests come, the page is drawn a few times a second.
		if (!paused) drawing ??= setTimeout(() => { drawing = undefined; draw(); }, 250);
	};
}

function count(entry) {
	if (Date.now() - begun < 1000) return;
	const now = Math.floor(Date.now() / 1000);
	if (rate.at(-1)?.[0] !== now) rate.push([now, 0, 0]);
	const second = rate.at(-1);
	second[1]++;
	second[2] = Math.max(second[2], entry.seconds * 1000);
	while (rate[0][0] < now - seconds) rate.shift();
}

function leave() {
	source?.close();
	source = undefined;
}

function choose(name, value, draw) {
	filter = Object.fromEntries(Object.entries({ ...filter, [name]: value }).filter(([, each]) => each));
	leave();
	[rows, rate, last] = [[], [], 0];
	draw();
}

// plot draws a number of each second of the last minute.
function plot(label, column, unit) {
	const now = Math.floor(Date.now() / 1000);
	const values = Array.from({ length: seconds + 1 }, (_, i) => rate.find(([second]) => second === now - seconds + i)?.[column] ?? 0);
	const top = Math.max(1, ...values);
	return html`<figure><figcaption>${label}: ${values.at(-2).toFixed(0)} ${unit}, at most ${top.toFixed(0)} in the last minute</figcaption>
		<svg class="plot" viewBox="0 0 ${seconds} 100" preserveAspectRatio="none" role="img" aria-label=${label}>
			<line x1="0" y1="99" x2=${seconds} y2="99"></line>
			<polyline points=${values.map((value, i) => `${i},${(99 - (value / top) * 95).toFixed(1)}`).join(" ")}></polyline>
		</svg></figure>`;
}

const columns = [
	["time", (e) => time(e.time)],
	["status", (e) => html`<span class=${e.error || e.status === 0 || e.faults ? "bad" : "good"}>${e.status || "none"}</span>`],
	["operation", (e) => e.operation ?? ""],
	["what", (e) => html`<code>${[e.bucket, e.key].filter(Boolean).join("/") || e.resource || ""}</code>`],
	["account", (e) => e.account ?? ""],
	["took", (e) => `${(e.seconds * 1000).toFixed(1)} ms`, "number"],
	["error", (e) => html`<span class="bad">${e.error ?? ""}${e.faults ? ` (fault ${e.faults.join(", ")})` : ""}</span>`],
];

export const requests = {
	path: "requests",
	title: "Requests",
	leave,
	async load(_, draw) {
		if (!source) listen(draw);
		return true;
	},
	show: (_, refresh) => html`
		<section>
			${broken ? html`<p class="bad" role="alert">What answered here does not: new requests are shown once it does.</p>` : ""}
			<form @submit=${(event) => event.preventDefault()}>
				${filters.map(([name, label]) => html`<label>${label}<input name=${name} .value=${filter[name] ?? ""} @change=${(event) => choose(name, event.target.value, refresh)}></label>`)}
				<button type="button" aria-pressed=${String(paused)} @click=${() => { paused = !paused; refresh(); }}>Pause</button>
			</form>
			${command(simulator("journal", "--follow", ...Object.entries(filter).flatMap(([name, value]) => [`--${name}`, value])))}
			<div class="row">${plot("Requests a second", 1, "a second")}${plot("Slowest request of a second", 2, "ms")}</div>
		</section>
		<section>${table("The last requests, newest first", columns, rows, "none yet.")}</section>`,
};
