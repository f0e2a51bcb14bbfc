import { html } from "../lit/lit-html.js";
import { mayChange, send, simulator } from "../api.js";
import { act, action, command, field, table, time } from "../parts.js";

// Faults that are a switch each: a name, what it is called, its rule, and the words of its command line.
const switches = (regions) => [
	...regions.map((region) => [`down-${region}`, `Region ${region} is down`, { match: { regions: [region] }, fault: { type: "outage" } }, ["outage", "--region", region]]),
	["throttled", "Uploads are throttled", { match: { operations: ["s3:PutObject", "s3:UploadPart"] }, fault: { type: "error", code: "SlowDown" } }, ["error", "code=SlowDown", "--operation", "s3:PutObject,s3:UploadPart"]],
	["lost-answers", "Answers to uploads are lost", { match: { operations: ["s3:PutObject"] }, fault: { type: "reset", at: "download" } }, ["reset", "at=download", "--operation", "s3:PutObject"]],
	["expired-keys", "Access keys have expired", { fault: { type: "expired" } }, ["expired"]],
	["slow-link", "The link is slow (64 KiB/s)", { fault: { type: "bandwidth", bytesPerSecond: 65536 } }, ["bandwidth", "bytesPerSecond=65536"]],
];

export const faults = {
	path: "faults",
	title: "Faults and clock",
	async load(get) {
		const [cloud, list, clock] = await Promise.all([get("/v1/cloud"), get("/v1/faults"), get("/v1/clock")]);
		return { regions: cloud.regions, list: list.faults, clock };
	},
	show: ({ regions, list, clock }, refresh) => html`
		<section>
			<h2>Switches</h2>
			<div class="row">${switches(regions).map(([name, label, rule, words]) => {
				const on = list.some((status) => status.rule.name === name);
				return action(label, on ? simulator("fault", "remove", name) : simulator("fault", "add", ...words, "--name", name), async () => {
					await (on ? send("DELETE", `/v1/faults/${encodeURIComponent(name)}`) : send("POST", "/v1/faults", { name, ...rule }));
					refresh();
				}, { pressed: String(on) });
			})}</div>
		</section>
		<section>
			${table("Faults in force, in the order in which they apply", [
				["name", ({ rule }) => rule.name],
				["type", ({ rule }) => rule.fault.type],
				["what and when", ({ rule }) => html`<code>${JSON.stringify({ ...rule, name: undefined })}</code>`],
				["matched", ({ matched }) => matched, "number"],
				["harmed", ({ injected }) => html`<span class=${injected ? "bad" : ""}>${injected}</span>`, "number"],
				["action", ({ rule }) => html`<button ?disabled=${!mayChange} aria-label=${`Remove fault ${rule.name}`}
					@click=${() => act(`Remove ${rule.name}`, async () => { await send("DELETE", `/v1/faults/${encodeURIComponent(rule.name)}`); refresh(); })}>remove</button>`],
			], list)}
			${command(simulator("fault", "list"))}
		</section>
		<section>
			<h2>Clock</h2>
			<p>${time(clock.now)} (${clock.offset === "0s" ? "as the machine's" : `${clock.offset} off the machine's`})</p>
			<div class="row">
				${[["1h", "An hour ahead"], ["24h", "A day ahead"], ["720h", "30 days ahead"], ["-1h", "An hour back"]].map(([by, label]) => action(label, simulator("clock", "advance", by),
					async () => { await send("POST", "/v1/clock/advance", { by }); refresh(); }))}
				${action("The machine's time", simulator("clock", "reset"), async () => { await send("DELETE", "/v1/clock"); refresh(); })}
			</div>
			<form @submit=${(event) => set(event, refresh)}>${field("A time, such as 2026-11-01T12:00:00Z", "now", { required: true })}<button ?disabled=${!mayChange}>Set</button></form>
			${command(simulator("clock", "set", "2026-11-01T12:00:00Z"))}
		</section>`,
};

function set(event, refresh) {
	event.preventDefault();
	const now = new FormData(event.target).get("now");
	act("Set the clock", async () => { await send("PUT", "/v1/clock", { now }); refresh(); });
}
