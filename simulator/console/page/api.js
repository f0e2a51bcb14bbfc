// What the page asks of the APIs beside it, and how it says what it is about to do.

const key = "console-token";

// The token of the address is kept for this tab, and taken out of what is shown, bookmarked and copied.
function take() {
	const given = new URLSearchParams(location.hash.slice(1)).get("token");
	if (!given) return false;
	sessionStorage.setItem(key, given);
	history.replaceState(null, "", location.pathname);
	return true;
}
take();
addEventListener("hashchange", () => { if (take()) location.reload(); }); // of a program that was started again

const headers = { "Console-Token": sessionStorage.getItem(key) ?? "" };

// sources are what answers here: a simulator, a cluster; and whether the token is theirs.
export const sources = await get("./sources");

// mayChange says whether the page may change something.
export const mayChange = sources.token;

// get asks for JSON.
export async function get(path) {
	const response = await fetch(path, { headers });
	if (!response.ok) throw new Error(await problem(response));
	return response.json();
}

// follow calls told whenever a stream says something, until it ends or the signal stops it. (An EventSource cannot send the token.)
export async function follow(path, told, signal) {
	const response = await fetch(path, { headers, signal });
	const reader = response.body.getReader();
	while (!(await reader.read()).done) told();
}

// send changes something, and returns what is answered.
export async function send(method, path, body) {
	const json = body !== undefined && !(body instanceof Blob);
	const response = await fetch(path, {
		method, body: json ? JSON.stringify(body) : body,
		headers: { ...headers, ...(json && { "Content-Type": "application/json" }) },
	});
	if (!response.ok) throw new Error(await problem(response));
	return response.status === 204 ? null : response.json();
}

async function problem(response) {
	const text = await response.text();
	try {
		return JSON.parse(text).error ?? text;
	} catch {
		return text.trim() || `${response.status} ${response.statusText}`;
	}
}

// query writes parameters, those without a value left out.
export const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

// word writes a word of a command line so that a shell takes it as it is.
export const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${String(text).replaceAll("'", `'\\''`)}'`);

// simulator writes a command line.
export const simulator = (...words) => ["velero-locations", "simulator", ...words.map(word)].join(" ");
