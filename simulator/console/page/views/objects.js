import { html } from "../lit/lit-html.js";
import { get, query, word } from "../api.js";
import { act, command, size, table, time } from "../parts.js";

let at = { prefix: "" }; // region, bucket and prefix that are shown
let more = []; // pages behind the first

function go(to, refresh) {
	at = { ...at, prefix: "", ...to };
	more = [];
	sessionStorage.setItem("bucket", JSON.stringify([at.region, at.bucket]));
	refresh();
}

export const objects = {
	path: "objects",
	title: "Objects",
	async load() {
		const { buckets, addresses } = await get("/v1/cloud");
		const [region, name] = JSON.parse(sessionStorage.getItem("bucket") ?? "[]");
		const found = buckets.find((bucket) => bucket.region === region && bucket.name === name) ?? buckets[0];
		if (!found) return { buckets };
		if (found.region !== at.region || found.name !== at.bucket) {
			at = { region: found.region, bucket: found.name, prefix: "" };
			more = [];
		}
		return { buckets, addresses, page: await get(`/v1/objects?${query(at)}`) };
	},
	show: ({ buckets, addresses, page }, refresh) => (page ? html`
		<section>
			<form @submit=${(event) => event.preventDefault()}>
				<label>Bucket<select @change=${(event) => { const { region, name } = buckets[event.target.selectedIndex]; go({ region, bucket: name }, refresh); }}>
					${buckets.map((bucket) => html`<option ?selected=${bucket.name === at.bucket && bucket.region === at.region}>${bucket.name} (${bucket.region}, account ${bucket.account})</option>`)}
				</select></label>
			</form>
			<p>${crumbs(refresh)}</p>
			${command(`aws --endpoint-url ${addresses.S3} --region ${at.region} s3 ls ${word(`s3://${at.bucket}/${at.prefix}`)}`)}
			${table(`What lies directly under /${at.prefix}`, [
				["name", (each) => (each.prefix ? html`<button @click=${() => go({ prefix: each.prefix }, refresh)}>${each.prefix.slice(at.prefix.length)}</button>`
					: html`<code>${each.key.slice(at.prefix.length) || each.key}</code>`)],
				["version", (o) => (o.prefix ? "" : html`<code class="faint">${o.version}</code> ${o.deleteMarker ? html`<span class="badge waits">deleted</span>` : o.latest ? "" : html`<span class="faint">older</span>`}`)],
				["size", (o) => (o.prefix || o.deleteMarker ? "" : size(o.size)), "number"],
				["modified", (o) => time(o.modified)],
				["class", (o) => o.storageClass ?? ""],
				["metadata and tags", (o) => html`<code>${Object.entries({ ...o.headers, ...o.tags }).map(([name, value]) => `${name}: ${value}`).join("\n")}</code>`],
				["content", (o) => (o.prefix || o.deleteMarker ? "" : html`<a download href="/v1/objects/content?${query({ region: at.region, bucket: at.bucket, key: o.key, version: o.version })}">download</a>`)],
			], [page, ...more].flatMap((each) => [...each.prefixes.map((prefix) => ({ prefix })), ...each.objects]), "nothing.")}
			${(more.at(-1) ?? page).next ? html`<button @click=${() => act("More", async () => {
				more.push(await get(`/v1/objects?${query({ ...at, ...(more.at(-1) ?? page).next })}`));
				refresh();
			})}>more</button>` : ""}
		</section>` : html`<p class="faint">There are no buckets.</p>`),
};

const crumbs = (refresh) => ["", ...at.prefix.split("/").slice(0, -1)].map((part, i, all) => html`
	<button @click=${() => go({ prefix: all.slice(1, i + 1).map((each) => `${each}/`).join("") }, refresh)}>${i === 0 ? at.bucket : part || "(no name)"}</button> /`);
