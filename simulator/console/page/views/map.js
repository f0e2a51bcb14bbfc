import { html, svg } from "../lit/lit-html.js";
import { send, simulator } from "../api.js";
import { leave, load, problems } from "../cluster.js";
import { act, action, badge, kind } from "../parts.js";
import { nameOf, place } from "./locations.js";

export const map = {
	path: "map",
	title: "Map",
	leave: () => { issued = undefined; leave(); },
	async load(get, draw, refresh, sources) {
		const [cloud, { keys }, { storage, problems }] = await Promise.all([
			sources.simulator ? get("/v1/cloud") : { accounts: [], buckets: [] },
			sources.simulator ? get("/v1/keys") : { keys: [] },
			sources.cluster && sources.token ? load("locations", refresh).catch((error) => ({ storage: [], problems: [error.message] })) : { storage: [], problems: [] },
		]);
		return { cloud, keys, storage, problems };
	},
	show({ cloud, keys, storage, problems: missing }, refresh) {
		const elsewhere = storage.filter((l) => !cloud.buckets.some((bucket) => points(l, bucket, keys)));
		return html`${problems(missing)}
			${storage.length ? html`<section><h2>Who speaks for which location</h2>${lines(storage, keys)}</section>` : ""}
			${cloud.accounts.map((account) => html`<section>
				<h2>Account ${account.id} ${account.name ? html`<span class="faint">${account.name}</span>` : ""}</h2>
				<ul class="tree">
					${regions(cloud.buckets.filter((bucket) => bucket.account === account.id), storage, keys)}
					${keys.filter((key) => key.account === account.id).map((key) => one(key, refresh))}
				</ul>
			</section>`)}
			${elsewhere.length ? html`<section><h2>${cloud.accounts.length ? "In no bucket that there is" : "Places"}</h2>
				<ul class="tree">${elsewhere.map((l) => pointer(l, place(l)))}</ul></section>` : ""}`;
	},
};

// points says whether a location leads to a bucket: by its name, its region and its account, as far as they are known.
const points = (l, bucket, keys) => {
	const account = keys.find((key) => key.id === l.keyID)?.account;
	return l.bucket === bucket.name && (!l.region || l.region === bucket.region) && (!account || account === bucket.account);
};

const pointer = (l, where) => html`<li>location <a href="#locations">${nameOf(l)}</a> ${badge(l.phase || "not checked")} <code>${where}</code>
	${l.shares ? html`<strong class="bad">also the place of ${l.shares.join(", ")}</strong>` : ""}</li>`;

const regions = (buckets, storage, keys) => [...new Set(buckets.map((bucket) => bucket.region))].map((region) => html`<li>${region}
	<ul>${buckets.filter((bucket) => bucket.region === region).map((bucket) => html`<li>
		<a href="#objects" @click=${() => sessionStorage.setItem("bucket", JSON.stringify([region, bucket.name]))}>${bucket.name}</a>
		${bucket.versioning ? html`<span class="faint">versioning ${bucket.versioning}</span>` : ""}
		<ul>${storage.filter((l) => points(l, bucket, keys)).map((l) => pointer(l, `/${l.prefix ?? ""}`))}</ul></li>`)}</ul>
</li>`);

// lines draws which Secret a location takes its key from, and whose that is. The lists below say the same in words.
function lines(storage, keys) {
	const columns = [[], [], []]; // locations, Secrets, accounts
	const row = (column, text, phase) => {
		let found = columns[column].findIndex((each) => each.text === text);
		if (found < 0) found = columns[column].push({ text, phase }) - 1;
		return found;
	};
	const drawn = [];
	for (const l of storage) {
		const from = row(0, nameOf(l), l.phase);
		const secret = row(1, `${l.namespace}/${l.secret}, ${l.key}`);
		drawn.push([0, from, secret, l.phase]);
		const account = keys.find((key) => key.id === l.keyID)?.account;
		if (account) drawn.push([1, secret, row(2, `${l.keyID}, account ${account}`), l.phase]);
	}
	const y = (i) => 24 + i * 26;
	const width = 330;
	const height = y(Math.max(...columns.map((each) => each.length)));
	return html`<div class="scroll" tabindex="0" role="region" aria-label="Locations, Secrets, keys and accounts">
		<svg class="lines" width=${width * 3} height=${height} role="img" aria-label=${storage.map((l) => `${nameOf(l)}: Secret ${l.secret}, key ${l.key} ${l.keyID ?? ""}`).join("; ")}>
			${drawn.map(([column, from, to, phase]) => svg`<line class=${kind(phase)} x1=${column * width + 250} y1=${y(from) - 5} x2=${(column + 1) * width} y2=${y(to) - 5}></line>`)}
			${columns.map((all, column) => all.map(({ text, phase }, i) => svg`<text class=${phase === undefined ? "" : kind(phase)} x=${column * width + 4} y=${y(i)}>${short(text, column === 2 ? 46 : 34)}<title>${text}</title></text>`))}
		</svg></div>`;
}

const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const one = (key, refresh) => html`<li>key <code>${key.id}</code> ${badge(key.active ? "active" : "disabled")} ${key.temporary ? html`<span class="faint">temporary</span>` : ""}
	<div class="row">
		${action(key.active ? "Disable" : "Enable", simulator("key", key.active ? "disable" : "enable", key.id), async () => {
			await send("PATCH", `/v1/keys/${encodeURIComponent(key.id)}`, { active: !key.active });
			refresh();
		}, { about: key.id })}
		${action("Rotate", simulator("key", "rotate", key.id), async () => {
			issued = await send("POST", `/v1/keys/${encodeURIComponent(key.id)}/rotate`);
			refresh();
		}, { about: key.id })}
	</div>
	${issued && issued.account === key.account && issued.id === key.id ? html`<p role="alert">Its secret, which is shown this once: <code>${issued.secret}</code>
		<button @click=${() => act("Forget", () => { issued = undefined; refresh(); })}>forget</button></p>` : ""}
</li>`;

// issued is the last key that was made here.
let issued;
