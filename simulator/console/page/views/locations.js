import { html, svg } from "../lit/lit-html.js";
import { send } from "../api.js";
import { check, kubectl, leave, load, problems } from "../cluster.js";
import { action, badge, command, duration, kind, time } from "../parts.js";

const unchecked = '{"status":{"phase":null,"lastValidationTime":null}}';

export const locations = {
	path: "locations",
	title: "Locations",
	leave,
	load: (get, draw, refresh) => load("locations", refresh),
	show: ({ storage, snapshots, all, now, source, problems: missing }, refresh) => html`
		<p class="faint">${source.namespace ? html`Namespace ${source.namespace} of ` : "All namespaces of "}<code>${source.server}</code></p>
		${problems(missing)}
		${storage.length === 0 && missing.length === 0 ? html`<p class="faint">There is no backup storage location.</p>` : ""}
		${storage.map((l) => html`<section>${head(l)}
			<dl>
				<div><dt>Where</dt><dd><code>${place(l)}</code>${l.readOnly ? " read-only" : ""}</dd></div>
				${l.shares ? html`<div><dt>Also the place of</dt><dd class="bad">${l.shares.join(", ")}</dd></div>` : ""}
				${checks(l, now)}
			</dl>
			${timeline(l, now)}
			<div class="row">${action("Check now", kubectl(source, "patch", "backupstoragelocations.velero.io", l.name, "-n", l.namespace, "--type=merge", "-p", unchecked),
				async () => { await send("POST", check(l)); refresh(); }, { may: source.write, about: nameOf(l) })}</div>
		</section>`)}
		${snapshots.map((l) => html`<section>${head(l, "of snapshots")}<dl>${checks(l, now)}</dl>${timeline(l, now)}</section>`)}
		${all > storage.length + snapshots.length ? html`<p>${all} locations in all: the first are shown.</p>` : ""}
		${command(kubectl(source, "get", "backupstoragelocations.velero.io,volumesnapshotlocations.velero.io", ...(source.namespace ? ["-n", source.namespace] : ["-A"])))}`,
};

// nameOf is how a location is told from those of other namespaces.
export const nameOf = (l) => `${l.namespace}/${l.name}`;

// place is where a location points to.
export const place = (l) => [l.endpoint, l.region, l.bucket, l.prefix].filter(Boolean).join(" / ");

const head = (l, what) => html`<h2>${nameOf(l)} ${what ?? ""} ${badge(l.phase || "not checked")} ${l.default ? html`<span class="badge">default</span>` : ""}</h2>
	${l.message ? html`<p class=${kind(l.phase)}>${l.message}</p>` : ""}`;

const checks = (l, now) => html`
	<div><dt>Provider</dt><dd>${l.provider}${l.bucket ? "" : html` ${l.region}`}</dd></div>
	<div><dt>Credentials</dt><dd>Secret <code>${l.secret}</code>, key <code>${l.key}</code>${l.keyID ? html`: access key <code>${l.keyID}</code>` : ""}</dd></div>
	<div><dt>Last check</dt><dd>${l.checked ? time(l.checked) : "none"}</dd></div>
	<div><dt>Next check</dt><dd>${l.next ? until(l.next, now) : "when it changes"}</dd></div>`;

const until = (at, now) => {
	const seconds = (Date.parse(at) - Date.parse(now)) / 1000;
	return seconds > 0 ? `in ${duration(seconds)} at the latest` : "now";
};

// timeline draws the phases of a location from the first that is known until now, and tells them below.
function timeline({ history, namespace, name }, now) {
	if (history.length === 0) return "";
	const begin = Date.parse(history[0].at);
	const span = Math.max(1, Date.parse(now) - begin);
	const x = (at) => Math.min(100, Math.max(0, ((Date.parse(at) - begin) / span) * 100));
	return html`
		<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label=${`Phases of ${namespace}/${name} since ${history[0].at}`}>
			${history.map(({ at, phase }, i) => svg`<rect class=${kind(phase)} x=${x(at)} y="0" width=${Math.max(0.5, x(history[i + 1]?.at ?? now) - x(at))} height="10"></rect>`)}
		</svg>
		<details><summary>${history.length === 1 ? "1 phase" : `${history.length} phases`} since ${time(history[0].at)}</summary>
			<ol>${history.toReversed().map((turn) => html`<li>${time(turn.at)} ${badge(turn.phase || "not checked")} ${turn.message ?? ""}</li>`)}</ol>
		</details>`;
}
