/** Makes Node's fetch and Request take addresses relative to the page, as a browser's do; only in tests with jsdom. */

if (typeof location !== 'undefined') {
  const absolute = (input: RequestInfo | URL): RequestInfo | URL => (typeof input === 'string' ? new URL(input, location.href) : input);
  const { fetch: nodeFetch, Request: NodeRequest } = globalThis;
  globalThis.fetch = (input, init) => nodeFetch(absolute(input), init);
  globalThis.Request = class extends NodeRequest {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(absolute(input), init);
    }
  };
}
