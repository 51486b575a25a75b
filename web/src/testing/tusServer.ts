/** Uploads as tus 1.0 describes them, kept in memory, for tests; `fault` may break any request. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerProblem } from './server';

/** Answers in place of the server, and is then true. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

interface Stored {
  metadata: string;
  lengthBytes: number;
  bytes: Buffer;
}

export class TusServer {
  readonly uploads: Stored[] = [];
  readonly requests: string[] = [];
  readonly tokens: (string | undefined)[] = [];

  constructor(public fault: Fault = () => false) {}

  readonly handle = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const { method = '', headers, url = '' } = request;
    if (url.startsWith('/api/v1/uploads')) this.requests.push(method);
    this.tokens.push(headers.authorization);
    response.setHeader('Tus-Resumable', '1.0.0');
    if (this.fault(request, response)) return;
    const upload = this.uploads[Number(url.split('/').at(-1))];
    if (method === 'POST') {
      this.uploads.push({ metadata: String(headers['upload-metadata']), lengthBytes: Number(headers['upload-length']), bytes: Buffer.alloc(0) });
      response.writeHead(201, { Location: `/api/v1/uploads/${this.uploads.length - 1}` }).end();
    } else if (!upload) {
      answerProblem(response, 404, 'upload_missing');
    } else if (method === 'HEAD') {
      response.writeHead(200, { 'Upload-Offset': upload.bytes.length, 'Upload-Length': upload.lengthBytes, 'Cache-Control': 'no-store' }).end();
    } else if (Number(headers['upload-offset']) !== upload.bytes.length) {
      answerProblem(response, 409, 'upload_offset_wrong');
    } else {
      upload.bytes = Buffer.concat([upload.bytes, body]);
      response.writeHead(204, { 'Upload-Offset': upload.bytes.length }).end();
    }
  };
}

/** Breaks the first `count` requests of a method. */
export function breakFirst(count: number, method: string, act: (request: IncomingMessage, response: ServerResponse) => void): Fault {
  let left = count;
  return (request, response) => {
    if (request.method !== method || left === 0) return false;
    left -= 1;
    act(request, response);
    return true;
  };
}
