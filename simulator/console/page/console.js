// The page: which view is shown, and when it is asked anew.
import { html, nothing, render } from "./lit/lit-html.js";
import { get, mayChange, sources } from "./api.js";
import { tell } from "./parts.js";
import { backups } from "./views/backups.js";
import { faults } from "./views/faults.js";
import { locations } from "./views/locations.js";
import { map } from "./views/map.js";
import { objects } from "./views/objects.js";
import { requests } from "./views/requests.js";
import { volumes } from "./views/volumes.js";
import { where } from "./views/where.js";
import { whole } from "./views/whole.js";

// A view has a path behind the #, a title, the sources that it needs one of, what it asks for (load) and what it shows of that (show).
const simulator = ["simulator"];
const all = [
	[where, simulator], [map, ["simulator", "cluster"]], [locations, ["cluster"]], [backups, ["cluster"]],
	[requests, simulator], [faults, simulator], [objects, simulator], [volumes, simulator], [whole, simulator],
];
const views = all.filter(([, needs]) => needs.some((source) => sources[source])).map(([view]) => view);
const period = 2000;

// What a cluster shows is for who has the token.
const closed = (view) => !mayChange && !all.find(([each]) => each === view)[1].includes("simulator");

const chosen = () => views.find((view) => view.path === location.hash.slice(1)) ?? views[0];
let shown;

// draw shows a view with what was loaded for it last.
function draw() {
	const view = chosen();
	render(html`<strong>velero-locations</strong>
		<span class="faint">${location.host}</span>
		${mayChange ? "" : html`<span class="waits">read-only: open the address that the program printed, which has the token</span>`}`, document.getElementById("top"));
	render(views.map((each) => html`<a href="#${each.path}" aria-current=${each === view ? "page" : nothing}>${each.title}</a>`), document.getElementById("nav"));
	render(html`<h1>${view.title}</h1>${view.loaded ? view.show(view.loaded, refresh)
		: closed(view) ? html`<p class="bad">This needs the token: open the address that the program printed at its start.</p>` : html`<p class="faint">One moment…</p>`}`, document.getElementById("main"));
}

// refresh asks for what the view shows. A view that was left meanwhile is not drawn.
async function refresh() {
	const view = chosen();
	if (closed(view)) return;
	try {
		view.loaded = await view.load(get, draw, refresh, sources);
		if (view === chosen()) draw();
	} catch (error) {
		tell(`What answers here does not: ${error.message}`);
	}
}

async function keep() {
	for (;;) {
		if (document.visibilityState === "visible" && !document.querySelector("main form:focus-within")) await refresh();
		await new Promise((done) => setTimeout(done, period));
	}
}

function go() {
	if (shown === chosen()) return;
	shown?.leave?.();
	shown = chosen();
	draw();
	refresh();
	document.title = `${shown.title} · velero-locations`;
}

addEventListener("hashchange", () => {
	go();
	document.getElementById("main").focus();
});
go();
keep();
