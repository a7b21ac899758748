// The public API, asked with the visitor's key: the only thing this page talks to.

/** What went wrong, in words for the visitor: the API's own where it answered. */
export class ApiError extends Error {
  constructor(message, { code = null, status = 0, requestId = null } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

export class Api {
  constructor(words, language) {
    this.words = words;
    this.language = language;
    this.key = "";
  }

  /** The models that `key` may use (default: the current key). */
  async models(key = this.key) {
    const response = await this.#send("v1/models", { key });
    return (await this.#json(response)).data;
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

  async #send(path, { key = this.key, body, signal } = {}) {
    const headers = { authorization: `Bearer ${key}`, "accept-language": this.language };
    if (body) headers["content-type"] = "application/json";
    let response;
    try {
      response = await fetch(path, {
        method: body ? "POST" : "GET",
        headers,
        body: body && JSON.stringify(body),
        signal,
        cache: "no-store",
        credentials: "omit",
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
    throw this.#failure(envelope, response);
  }

  async #json(response) {
    try {
      return await response.json();
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
    return new ApiError(message, { code: envelope?.code ?? null, status: response.status, requestId });
  }
}
