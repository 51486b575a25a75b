/** One server-sent event from its lines; comments and signs of life have no data. */
export function readEvent(block: string): { name: string; data: string } {
  const event = { name: 'message', data: '' };
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event.name = line.slice(6).trim();
    if (line.startsWith('data:')) event.data += line.slice(5).trimStart();
  }
  return event;
}
