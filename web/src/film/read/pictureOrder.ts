/** Whether an MP4 says when each of its pictures is shown, where they are stored in another order. */

import { keyframeBefore, type Reading } from './frames';
import { HevcOrder } from './hevcOrder';
import { leansBothWays } from './nalUnits';

/** Encoders that store pictures in another order do so within the first second. */
const LOOKED_AT = 32;
const MOST_PLACES = 8;

/** Whether its pictures are stored in another order than they are shown, and it has no table (`ctts`) of when each is. */
export async function lacksOrder(film: Reading, record: Uint8Array | null): Promise<boolean> {
  const isShownEarlier = orderOf(film, record);
  let latest = -Infinity;
  let looked = 0;
  let leans = false;
  if (!isShownEarlier) return false;
  for await (const packet of film.pictures.packets()) {
    if (packet.timestamp < latest) return false;
    latest = packet.timestamp;
    leans ||= isShownEarlier(packet.data);
    if (++looked === LOOKED_AT) break;
  }
  return leans;
}

/**
 * Whether the pictures around some places, in the demuxer's ticks, are themselves of another order than their times.
 *
 * FFmpeg 9 writes fragments of one picture each (`frag_every_frame`) with sound beside them so that from somewhere on a
 * picture lasts for no time and is shown when it is decoded.
 */
export async function contradictsOrder(film: Reading, record: Uint8Array | null, places: readonly number[]): Promise<boolean> {
  for (let n = 0; n < Math.min(MOST_PLACES, places.length); n++) {
    const at = places[Math.floor((n * places.length) / Math.min(MOST_PLACES, places.length))]!;
    const isShownEarlier = orderOf(film, record);
    if (!isShownEarlier) return false;
    let latest = -Infinity;
    let behind = 0;
    for await (const packet of film.pictures.packets(await keyframeBefore(film, at, true))) {
      const earlier = isShownEarlier(packet.data);
      if (earlier && packet.timestamp >= latest) return true;
      latest = Math.max(latest, packet.timestamp);
      if (film.clock.ticks(packet.timestamp) > at && ++behind === LOOKED_AT) break;
    }
  }
  return false;
}

/** What says of a picture, given in the order stored, whether it is shown before one given earlier; null of other codecs. */
function orderOf({ nalUnits }: Reading, record: Uint8Array | null): ((data: Uint8Array) => boolean) | null {
  if (!nalUnits) return null;
  const order = nalUnits.codec === 'hevc' ? new HevcOrder(record) : null;
  return (data) => (order ? order.isShownEarlier(data, nalUnits.lengthBytes) : leansBothWays(data, nalUnits.lengthBytes));
}
