import { html } from "../lit/lit-html.js";
import { mayChange, send, simulator } from "../api.js";
import { act, action, command } from "../parts.js";

const parts = ["objects", "volumes", "keys", "faults", "journal", "clock"];
let keep = [];

export const whole = {
	path: "whole",
	title: "The whole state",
	load: async () => true,
	show: (_, refresh) => html`
		<section>
			<h2>Reset</h2>
			<p>Takes everything back to the configuration, but what is kept.</p>
			<fieldset class="row"><legend>Keep</legend>${parts.map((part) => html`<label class="check"><input type="checkbox" .checked=${keep.includes(part)}
				@change=${(event) => { keep = event.target.checked ? [...keep, part] : keep.filter((each) => each !== part); refresh(); }}>${part}</label>`)}</fieldset>
			${action("Reset", simulator("reset", ...(keep.length ? ["--keep", keep.join(",")] : [])), () => send("POST", `/v1/reset${keep.length ? `?keep=${keep.join(",")}` : ""}`))}
		</section>
		<section>
			<h2>Save and load</h2>
			<p>One archive of everything but the journal. Secrets are in it.</p>
			<p><a href="/v1/state" download="state.tar">Save</a></p>
			${command(simulator("state", "save", "state.tar"))}
			<form @submit=${(event) => load(event)}>
				<label>An archive<input type="file" name="archive" required></label><button ?disabled=${!mayChange}>Load</button>
			</form>
			${command(simulator("state", "load", "state.tar"))}
		</section>`,
};

function load(event) {
	event.preventDefault();
	const archive = new FormData(event.target).get("archive");
	act("Load", () => send("POST", "/v1/state", archive));
}
