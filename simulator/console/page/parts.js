// What several views are made of. All text that comes from users or storage goes through lit-html, which escapes it.
import { html, nothing } from "./lit/lit-html.js";
import { mayChange } from "./api.js";

const told = () => document.getElementById("told");
let forget;

// tell says something once, to those who listen, too.
export function tell(text) {
	told().textContent = text;
	clearTimeout(forget);
	forget = setTimeout(() => (told().textContent = ""), 8000);
}

// act does something and says what became of it.
export async function act(what, run) {
	try {
		const answer = await run();
		tell(`${what}: done`);
		return answer;
	} catch (error) {
		tell(`${what}: ${error.message}`);
	}
}

// command shows a command line that can be copied.
export const command = (line) => html`<div class="command">
	<code>${line}</code>
	<button @click=${() => copy(line)} aria-label=${`Copy: ${line}`}>copy</button>
</div>`;

async function copy(line) {
	try {
		await navigator.clipboard.writeText(line);
		tell("Copied");
	} catch {
		tell("The browser does not let the page copy: select the line instead");
	}
}

// action is a button that does what a command line does. Where there are several of a label, their names say what each is about.
export const action = (label, line, run, { pressed, about, may = true } = {}) => html`<div>
	<button ?disabled=${!mayChange || !may} aria-pressed=${pressed ?? nothing} aria-label=${about ? `${label}: ${about}` : nothing} @click=${() => act(label, run)}>${label}</button>
	${command(line)}
</div>`;

// table shows rows by columns: [heading, cell(row), class].
export const table = (caption, columns, rows, none = "There are none.") => rows.length === 0
	? html`<p class="faint">${caption}: ${none}</p>`
	: html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
		<caption>${caption}</caption>
		<thead><tr>${columns.map(([heading, , kind]) => html`<th scope="col" class=${kind ?? nothing}>${heading}</th>`)}</tr></thead>
		<tbody>${rows.map((row) => html`<tr>${columns.map(([, cell, kind]) => html`<td class=${kind ?? nothing}>${cell(row)}</td>`)}</tr>`)}</tbody>
	</table></div>`;

// kind is what a phase means.
export const kind = (phase) => (/^(available|completed|active|online|enabled|in-use)$/i.test(phase) ? "good"
	: /fail|unavailable|error|disabled|degraded/i.test(phase) ? "bad" : "waits");

// badge shows a phase in the colour of what it means.
export const badge = (text) => html`<span class="badge ${kind(text)}">${text}</span>`;

export const size = (bytes) => {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let unit = 0;
	for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
	return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`;
};

export const time = (at) => (at ? html`<time datetime=${at} title=${at}>${new Date(at).toISOString().replace("T", " ").slice(0, 19)}</time>` : "");

export const duration = (seconds) => {
	const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
	for (const [length, unit] of parts) if (seconds >= length) return `${Math.floor(seconds / length)}${unit}`;
	return "0s";
};

// field is an input with its label.
export const field = (label, name, extra = {}) => html`<label>${label}
	<input name=${name} type=${extra.type ?? "text"} .value=${extra.value ?? ""} placeholder=${extra.placeholder ?? nothing} ?required=${extra.required}
		@input=${extra.input ?? nothing}></label>`;
