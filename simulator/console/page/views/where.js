import { html } from "../lit/lit-html.js";
import { word } from "../api.js";
import { command, duration, table, time } from "../parts.js";

export const where = {
	path: "where",
	title: "Where things are",
	async load(get, draw, refresh, sources) {
		const [cloud, clock, { setup }] = await Promise.all([get("/v1/cloud"), get("/v1/clock"), sources.cluster && sources.token ? get("/console/cluster/") : {}]);
		return { cloud, clock, setup };
	},
	show: ({ cloud, clock, setup }) => html`
		<section>
			${table("Addresses", [["what", ([name]) => name], ["URL", ([, url]) => html`<code>${url}</code>`]], Object.entries(cloud.addresses))}
			${setup ? command(setup) : ""}
			${command(`export VELERO_LOCATIONS_SIMULATOR=${word(cloud.addresses.control)}`)}
		</section>
		<section>
			<h2>This program</h2>
			<p>Version ${cloud.version || "of your own build"}, up for ${duration((Date.now() - Date.parse(cloud.started)) / 1000)}, since ${time(cloud.started)}.</p>
			<p>The simulator's clock shows ${time(clock.now)}, ${clock.offset === "0s" ? "as the machine's" : html`<strong class="waits">${clock.offset} off the machine's</strong>`}. <a href="#faults">Its hands</a></p>
		</section>`,
};
