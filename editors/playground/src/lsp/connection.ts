/** JSON-RPC over a WebSocket: one message is one body. */

type Id = number | string;

interface Message {
  jsonrpc: "2.0";
  id?: Id | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string };
}

export class ResponseError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** The connection is gone; what was asked will not be answered. */
export class Disconnected extends Error {}

/** A request under way. `cancel` tells the server that nobody waits any more; its answer is then an error. */
export interface Pending<T> {
  answer: Promise<T>;
  cancel: () => void;
}

export interface Handlers {
  notification: (method: string, params: unknown) => void;
  request: (method: string, params: unknown) => unknown;
  closed: (reason: string) => void;
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

const METHOD_NOT_FOUND = -32601;

export class Connection {
  private lastId = 0;
  private readonly waiting = new Map<Id, Waiting>();

  private constructor(
    private readonly socket: WebSocket,
    private readonly handlers: Handlers,
  ) {
    socket.onmessage = (event) => {
      this.take(JSON.parse(event.data as string) as Message);
    };
    socket.onclose = (event) => {
      for (const { reject } of this.waiting.values()) reject(new Disconnected(event.reason));
      this.waiting.clear();
      handlers.closed(event.reason);
    };
  }

  /** Connect to `url`; rejects if nobody is there or the server refuses. */
  static open(url: string, handlers: Handlers): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.onopen = () => {
        resolve(new Connection(socket, handlers));
      };
      socket.onclose = (event) => {
        reject(new Disconnected(event.reason));
      };
    });
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  request<T>(method: string, params: unknown): Pending<T> {
    const id = ++this.lastId;
    const answer = new Promise<T>((resolve, reject) => {
      if (!this.isOpen) {
        reject(new Disconnected());
        return;
      }
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.send({ jsonrpc: "2.0", id, method, params });
    });
    const cancel = (): void => {
      if (this.waiting.has(id)) this.notify("$/cancelRequest", { id });
    };
    return { answer, cancel };
  }

  notify(method: string, params: unknown): void {
    if (this.isOpen) this.send({ jsonrpc: "2.0", method, params });
  }

  close(): void {
    this.socket.close();
  }

  private send(message: Message): void {
    this.socket.send(JSON.stringify(message));
  }

  private take(message: Message): void {
    if (message.method === undefined) {
      this.settle(message);
    } else if (message.id === undefined || message.id === null) {
      this.handlers.notification(message.method, message.params);
    } else {
      void this.serve(message.id, message.method, message.params);
    }
  }

  private settle(message: Message): void {
    const id = message.id ?? -1;
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (message.error !== undefined) {
      waiting?.reject(new ResponseError(message.error.code, message.error.message));
    } else {
      waiting?.resolve(message.result);
    }
  }

  private async serve(id: Id, method: string, params: unknown): Promise<void> {
    try {
      const result = await this.handlers.request(method, params);
      if (this.isOpen) this.send({ jsonrpc: "2.0", id, result: result ?? null });
    } catch (error) {
      const code = error instanceof ResponseError ? error.code : METHOD_NOT_FOUND;
      const text = error instanceof Error ? error.message : "failed";
      if (this.isOpen) this.send({ jsonrpc: "2.0", id, error: { code, message: text } });
    }
  }
}
