// A conversation: turns of a question with its pictures and the answer to it. In memory only.

/** A turn is {pictures, question, options, answer, state}; state: "running", "done", "stopped" or "failed". */
export class Conversation {
  constructor() {
    this.turns = [];
  }

  get title() {
    return this.turns[0]?.question ?? "";
  }

  /** Whether anything has been asked. */
  get started() {
    return this.turns.length > 0;
  }
}

/** The API's messages for asking `turn` in its conversation: what was answered before it, then its question. */
export async function messagesFor(conversation, turn) {
  const messages = [];
  for (const earlier of conversation.turns) {
    if (earlier === turn) break;
    if (earlier.state === "failed" || !earlier.answer) continue; // stopped before its first word
    messages.push(await questionMessage(earlier), { role: "assistant", content: earlier.answer });
  }
  messages.push(await questionMessage(turn));
  return messages;
}

async function questionMessage({ pictures, question }) {
  const images = await imageParts(pictures);
  return { role: "user", content: [...images, { type: "text", text: question }] };
}

/** Content parts of pictures. */
export async function imageParts(pictures) {
  const urls = await Promise.all(pictures.map((picture) => picture.data));
  return urls.map((url) => ({ type: "image_url", image_url: { url } }));
}

/** The newest pictures that `turn` can see: its own, or those of the nearest turn before it that has some. */
export function picturesSeenBy(conversation, turn) {
  const seen = conversation.turns.slice(0, conversation.turns.indexOf(turn) + 1).reverse();
  return seen.find((other) => other.pictures.length)?.pictures ?? [];
}
