"use strict";

void start(openPack({
  load: async () => JSON.parse(at("review").textContent),
  address: (moment) => moment.file,
}));
