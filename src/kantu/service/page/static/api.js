// The public API, asked in the visitor's session or with their key: the only thing this page talks to.

/** What went wrong, in words for the visitor: the API's own where it answered. */
export class ApiError extends Error {
  constructor(message, { code = null, status = 0, param = null, requestId = null } = {}) {
    super(message);
    this.param = param; // which field is wrong
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

const ENDED = ["session_ended", "missing_api_key", "invalid_api_key", "expired_api_key", "revoked_api_key"];

/** Somebody has closed the dialog that an act needed. */
export class CancelledError extends Error {
  name = "CancelledError";
}

export class Api {
  /**
   * Args: `onEnded` is called where a session or a key is no good any more; `onStale` asks for the password again, and
   * resolves with whether it was given.
   */
  constructor(words, language, { onEnded, onStale }) {
    Object.assign(this, { words, language, onEnded, onStale });
    this.key = ""; // a visitor has either a key or a session
    this.csrfToken = "";
  }

  /** Whether there is anybody to ask for. */
  get known() {
    return Boolean(this.key || this.csrfToken);
  }

  /** The models that may be used. */
  async models(key = this.key) {
    const response = await this.#send("v1/models", { key });
    return (await this.#json(response)).data;
  }

  /** What an address says. `query` leaves out what is empty. */
  async get(path, query = {}, signal) {
    return this.#json(await this.#send(withQuery(path, query), { signal }));
  }

  /** A change: POST, PUT or DELETE. Where the password is wanted again, it is asked for and the change is tried once more. */
  async change(method, path, body) {
    return this.#again(() => this.#changed(method, path, body));
  }

  /** What an address has, as a file of the visitor's. */
  async download(path, query, name) {
    const blob = await this.blob(withQuery(path, query));
    const url = URL.createObjectURL(blob);
    const link = document.createElement("a");
    Object.assign(link, { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** The bytes of an address. */
  async blob(path) {
    return this.#again(async () => (await this.#send(path)).blob());
  }

  async #again(work) {
    try {
      return await work();
    } catch (error) {
      if (error.code !== "reauthentication_required") throw error;
      if (!(await this.onStale())) throw new CancelledError();
      return work();
    }
  }

  async #changed(method, path, body) {
    let response;
    try {
      response = await this.#send(path, { method, body });
    } catch (error) {
      if (error.code !== "wrong_csrf_token") throw error;
      await this.get("v1/session"); // another tab has begun the session anew
      response = await this.#send(path, { method, body });
    }
    if (response.status === 204) return null;
    return this.#json(response);
  }

  /** What a prompt costs before it is asked. */
  async tokenize(body, signal) {
    return this.#json(await this.#send("v1/tokenize", { body, signal }));
  }

  /** The tasks that can be run. */
  async tasks() {
    return (await this.#json(await this.#send("v1/tasks"))).data;
  }

  /** The result of one task. */
  async runTask(name, body, signal) {
    return this.#json(await this.#send(`v1/tasks/${encodeURIComponent(name)}`, { body, signal }));
  }

  /**
   * One streamed answer. `onText` gets every piece of it, `onLabel` the sentence that it must be shown with; aborting
   * `signal` closes the connection, which cancels the request on the server. Resolves with {finishReason, usage, ttftSeconds, totalSeconds}.
   */
  async chat(body, { signal, onText, onLabel }) {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const result = { finishReason: null, usage: null, ttftSeconds: null, totalSeconds: null };
    const request = { ...body, stream: true, stream_options: { include_usage: true } };
    const response = await this.#send("v1/chat/completions", { body: request, signal });
    let done = false;
    for await (const data of this.#events(response)) {
      if (data === "[DONE]") {
        done = true;
        break;
      }
      const chunk = JSON.parse(data);
      if (chunk.error) throw this.#failure(chunk.error, response);
      if (chunk.usage) result.usage = chunk.usage;
      if (chunk.kantu?.label?.sentence) onLabel(chunk.kantu.label.sentence);
      const choice = chunk.choices?.[0];
      if (choice?.delta?.content) {
        result.ttftSeconds ??= seconds();
        onText(choice.delta.content);
      }
      if (choice?.finish_reason) result.finishReason = choice.finish_reason;
    }
    if (!done && !result.finishReason) throw new ApiError(this.words.broken_answer);
    result.totalSeconds = seconds();
    return result;
  }

  async #send(path, { key = this.key, method, body, signal } = {}) {
    const headers = { "accept-language": this.language };
    if (key) headers.authorization = `Bearer ${key}`;
    else if (this.csrfToken) headers["x-csrf-token"] = this.csrfToken;
    if (body) headers["content-type"] = "application/json";
    let response;
    try {
      response = await fetch(path, {
        method: method ?? (body ? "POST" : "GET"),
        headers,
        body: body && JSON.stringify(body),
        signal,
        cache: "no-store",
        credentials: key ? "omit" : "same-origin",
        referrerPolicy: "no-referrer",
        redirect: "error",
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(this.words.no_connection);
    }
    if (response.ok) return response;
    let envelope = null;
    try {
      envelope = (await response.json()).error;
    } catch (error) {
      if (error.name === "AbortError") throw error;
    }
    const failure = this.#failure(envelope, response);
    if (ENDED.includes(failure.code)) this.onEnded(failure);
    throw failure;
  }

  async #json(response) {
    try {
      const body = await response.json();
      if (body?.csrf_token) this.csrfToken = body.csrf_token; // whatever begins a session anew says so
      return body;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(this.words.no_connection);
    }
  }

  /** The data of each server-sent event. */
  async *#events(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    try {
      for (;;) {
        let piece;
        try {
          piece = await reader.read();
        } catch (error) {
          if (error.name === "AbortError") throw error;
          throw new ApiError(this.words.broken_answer);
        }
        buffer = (buffer + (piece.value ?? "")).replaceAll("\r\n", "\n");
        const events = buffer.split("\n\n");
        buffer = events.pop();
        for (const event of events) {
          const lines = event.split("\n").filter((line) => line.startsWith("data:"));
          if (lines.length) yield lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n");
        }
        if (piece.done) return;
      }
    } finally {
      reader.cancel().catch(() => {}); // already broken or aborted: there is nothing left to cancel
    }
  }

  #failure(envelope, response) {
    const requestId = response.headers.get("x-request-id");
    const message = envelope?.message ?? `HTTP ${response.status}`;
    return new ApiError(message, {
      code: envelope?.code ?? null,
      status: response.status,
      param: envelope?.param ?? null,
      requestId,
    });
  }
}

function withQuery(path, query) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const given = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}
