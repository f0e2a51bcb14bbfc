import { html } from "../lit/lit-html.js";
import { mayChange, send, simulator } from "../api.js";
import { act, badge, command, table, time } from "../parts.js";

const where = ["where", (v) => `${v.provider} ${v.region} ${v.availabilityZone ?? ""} ${v.account}`];
const content = ["content", (v) => html`<code>${v.content}</code>`];

export const volumes = {
	path: "volumes",
	title: "Volumes",
	async load(get) {
		const [{ volumes }, { snapshots }, { nodes }] = await Promise.all(["volumes", "snapshots", "nodes"].map((what) => get(`/v1/${what}`)));
		return { volumes, snapshots, nodes };
	},
	show: ({ volumes, snapshots, nodes }, refresh) => html`
		<section>${table("Volumes", [
			["id", (v) => html`<code>${v.id}</code>`], where, ["size", (v) => `${v.size} GiB`, "number"], ["status", (v) => badge(v.status)], content,
			["from", (v) => html`<code>${v.snapshot ?? ""}</code>`],
			["action", (v) => change("Write", `Write to volume ${v.id}`, () => send("POST", `/v1/volumes/${encodeURIComponent(v.id)}/write`, { data: `written at ${new Date().toISOString()}` }), refresh)],
		], volumes)}${command(simulator("volumes"))}${volumes.length ? command(simulator("volumes", "write", volumes[0].id, "a text")) : ""}</section>
		<section>${table("Snapshots", [
			["id", (s) => html`<code>${s.id}</code>`], where, ["of", (s) => html`<code>${s.volume}</code>`], ["status", (s) => html`${badge(s.status)} ${s.progress}`], content, ["begun", (s) => time(s.started)],
		], snapshots)}${command(simulator("snapshots"))}</section>
		<section>${table("Nodes", [
			["cluster", (n) => n.cluster], ["node", (n) => n.name], ["account", (n) => n.account], ["state", (n) => badge(n.state)],
			["action", (n) => {
				const verb = n.state === "failed" ? "replace" : "fail";
				return change(verb === "fail" ? "Fail" : "Replace", `${verb} node ${n.name} of ${n.cluster}`,
					() => send("POST", `/v1/nodes/${encodeURIComponent(n.cluster)}/${encodeURIComponent(n.name)}/${verb}`), refresh);
			}],
		], nodes)}${command(simulator("node", "list"))}${nodes.length ? ["fail", "replace"].map((verb) => command(simulator("node", verb, `${nodes[0].cluster}/${nodes[0].name}`))) : ""}</section>`,
};

const change = (label, what, run, refresh) => html`<button ?disabled=${!mayChange} aria-label=${what} @click=${() => act(what, async () => { await run(); refresh(); })}>${label}</button>`;
