import { html, svg } from "../lit/lit-html.js";
import { query, word } from "../api.js";
import { kubectl, leave, load, problems } from "../cluster.js";
import { act, badge, command, kind, size, table, time } from "../parts.js";

let files = {}; // what the simulator has of the files of a backup that was looked at, by the backup's name

export const backups = {
	path: "backups",
	title: "Backups",
	leave: () => { files = {}; leave(); },
	load: async (get, draw, refresh, sources) => ({ ...await load("backups", refresh), cloud: sources.simulator && await get("/v1/cloud"), get }),
	show: (loaded, refresh) => html`
		${problems(loaded.problems)}
		${schedules(loaded)}
		${loaded.backups.length === 0 && loaded.problems.length === 0 ? html`<p class="faint">There is no backup.</p>` : ""}
		${loaded.backups.map((b) => html`<section>
			<h2>${b.namespace}/${b.name} ${badge(b.phase)}</h2>
			<p class="faint">${time(b.created)}${b.ended ? html` until ${time(b.ended)}` : ""}</p>
			<ol class="flow">${b.steps.map((step) => html`<li class=${step.state} aria-current=${step.state === "now" ? "step" : "false"}>
				<strong>${step.name}</strong> <span class="faint">${words[step.state]}</span><br>${step.text}
				${step.name === "objects" && b.items > 0 ? html`<br><progress aria-label=${`Objects of ${b.name}`} max=${b.items} .value=${b.done}></progress>` : ""}</li>`)}</ol>
			${b.why.map((reason) => html`<p class=${kind(b.phase)}>${reason}</p>`)}
			${b.files ? bucket(b, loaded, refresh) : ""}
			${command(["velero-locations", "backup", "describe", b.name, "-n", b.namespace, ...loaded.source.kubectl.slice(1)].map(word).join(" "))}
		</section>`)}
		${loaded.all > loaded.backups.length ? html`<p>${loaded.all} backups in all: the newest are shown.</p>` : ""}
		<section>${loaded.restores.length === 0 && loaded.problems.length > 0 ? "" : table("Restores", [
			["name", (r) => `${r.namespace}/${r.name}`], ["of", (r) => r.backup], ["phase", (r) => badge(r.phase || "New")],
			["objects", (r) => `${r.done} of ${r.items}`], ["begun", (r) => time(r.created)], ["why", (r) => r.why.join("; ")],
		], loaded.restores)}${command(kubectl(loaded.source, "get", "backups.velero.io,restores.velero.io,schedules.velero.io", ...(loaded.source.namespace ? ["-n", loaded.source.namespace] : ["-A"])))}</section>`,
};

const words = { done: "done", now: "now", stopped: "it stopped here", lacking: "something is missing", ahead: "not yet" };

// bucket shows the files of a backup: those that there are, of the simulator's, or those that Velero's layout has.
function bucket(b, { cloud, get }, refresh) {
	const name = `${b.namespace}/${b.name}`;
	const known = cloud && cloud.buckets.find((bucket) => bucket.name === b.bucket && (!b.region || bucket.region === b.region));
	const look = () => act(`Files of ${name}`, async () => {
		files[name] = (await get(`/v1/objects?${query({ region: known.region, bucket: known.name, prefix: b.folder })}`)).objects.filter((o) => o.latest && !o.deleteMarker);
		refresh();
	});
	if (files[name]) return table(`Files of ${name}`, [["key", (o) => html`<code>${o.key}</code>`], ["size", (o) => size(o.size), "number"]], files[name]);
	return known ? html`<button @click=${look} aria-label=${`Files in the bucket: ${name}`}>Files in the bucket</button>`
		: html`<details><summary>Files in bucket ${b.bucket}, if it is complete</summary><ul>${b.files.map((key) => html`<li><code>${key}</code></li>`)}</ul></details>`;
}

// schedules draws the last and the next runs of schedules, on one line of time for all of them.
function schedules({ schedules: all, now }) {
	if (all.length === 0) return "";
	const middle = Date.parse(now);
	const times = all.flatMap((s) => [...s.last.map((run) => run.at), ...s.next.slice(0, 2)]).map((at) => Math.abs(Date.parse(at) - middle));
	const span = Math.max(60_000, ...times);
	const x = (at) => 50 + ((Date.parse(at) - middle) / span) * 48;
	return html`<section><h2>Schedules</h2>${all.map((s) => html`
		<h3>${s.namespace}/${s.name} ${badge(s.paused ? "paused" : s.phase)} <code>${s.expression}</code></h3>
		${s.why.map((reason) => html`<p class="bad">${reason}</p>`)}
		<svg class="line" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${`Runs of ${s.namespace}/${s.name}: the last left, the next right of the middle, which is now`}>
			<line x1="0" y1="4" x2="100" y2="4"></line><line x1="50" y1="0" x2="50" y2="8"></line>
			${s.last.map((run) => svg`<rect class=${kind(run.phase)} x=${x(run.at)} y="1" width=".8" height="6"></rect>`)}
			${s.next.filter((at) => x(at) <= 100).map((at) => svg`<rect class="next" x=${x(at)} y="1" width=".8" height="6"></rect>`)}
		</svg>
		<p>Last: ${s.last.length ? html`${time(s.last.at(-1).at)} ${badge(s.last.at(-1).phase || "New")}` : "none"}. Next: ${s.next.length ? time(s.next[0]) : "none"}.</p>`)}</section>`;
}
