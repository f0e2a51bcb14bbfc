import { html } from "../lit/lit-html.js";
import { send, simulator } from "../api.js";
import { act, action, badge, command } from "../parts.js";

export const map = {
	path: "map",
	title: "Map",
	async load(get) {
		const [cloud, keys] = await Promise.all([get("/v1/cloud"), get("/v1/keys")]);
		return { cloud, keys: keys.keys };
	},
	show: ({ cloud, keys }, refresh) => html`${cloud.accounts.map((account) => html`<section>
		<h2>Account ${account.id} ${account.name ? html`<span class="faint">${account.name}</span>` : ""}</h2>
		<ul class="tree">
			${regions(cloud.buckets.filter((bucket) => bucket.account === account.id))}
			${keys.filter((key) => key.account === account.id).map((key) => one(key, refresh))}
		</ul>
	</section>`)}`,
};

const regions = (buckets) => [...new Set(buckets.map((bucket) => bucket.region))].map((region) => html`<li>${region}
	<ul>${buckets.filter((bucket) => bucket.region === region).map((bucket) => html`<li>
		<a href="#objects" @click=${() => sessionStorage.setItem("bucket", JSON.stringify([region, bucket.name]))}>${bucket.name}</a>
		${bucket.versioning ? html`<span class="faint">versioning ${bucket.versioning}</span>` : ""}</li>`)}</ul>
</li>`);

const one = (key, refresh) => html`<li>key <code>${key.id}</code> ${badge(key.active ? "active" : "disabled")} ${key.temporary ? html`<span class="faint">temporary</span>` : ""}
	<div class="row">
		${action(key.active ? "Disable" : "Enable", simulator("key", key.active ? "disable" : "enable", key.id), async () => {
			await send("PATCH", `/v1/keys/${encodeURIComponent(key.id)}`, { active: !key.active });
			refresh();
		})}
		${action("Rotate", simulator("key", "rotate", key.id), async () => {
			issued = await send("POST", `/v1/keys/${encodeURIComponent(key.id)}/rotate`);
			refresh();
		})}
	</div>
	${issued && issued.account === key.account && issued.id === key.id ? html`<p role="alert">Its secret, which is shown this once: <code>${issued.secret}</code>
		<button @click=${() => act("Forget", () => { issued = undefined; refresh(); })}>forget</button></p>` : ""}
</li>`;

// issued is the last key that was made here.
let issued;
