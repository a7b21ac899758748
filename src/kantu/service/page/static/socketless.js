// NiceGUI opens a WebSocket to keep its server's copy of the page in step. This page has no such copy, and the server
// does not answer there: nicegui.js gets a socket that is connected and silent. A phone that wakes up then has no lost
// connection to tell of, and no reason to reload the page and lose its conversation.
window.io = () => ({
  io: { on() {}, engine: {} },
  on(event, handler) {
    if (event === "connect") queueMicrotask(handler);
  },
  emit() {},
});
