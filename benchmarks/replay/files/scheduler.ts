export interface Job<Result> {
  readonly name: string;
  readonly priority: number;
  run(signal: AbortSignal): Promise<Result>;
}

interface Entry<Result> {
  job: Job<Result>;
  attempts: number;
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

export interface SchedulerOptions {
  concurrency: number;
  maxAttempts: number;
  timeoutMs: number;
}

const DEFAULTS: SchedulerOptions = { concurrency: 4, maxAttempts: 3, timeoutMs: 10_000 };

/** Runs jobs by priority, a few at a time, and tries those again that fail. */
export class Scheduler<Result> {
  private readonly waiting: Entry<Result>[] = [];
  private readonly options: SchedulerOptions;
  private running = 0;

  constructor(options: Partial<SchedulerOptions> = {}) {
    this.options = { ...DEFAULTS, ...options };
  }

  submit(job: Job<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.enqueue({ job, attempts: 0, resolve, reject });
      this.fill();
    });
  }

  private enqueue(entry: Entry<Result>): void {
    const index = this.waiting.findIndex((other) => other.job.priority < entry.job.priority);
    this.waiting.splice(index < 0 ? this.waiting.length : index, 0, entry);
  }

  private fill(): void {
    while (this.running < this.options.concurrency && this.waiting.length > 0) {
      const entry = this.waiting.shift()!;
      this.running += 1;
      void this.run(entry);
    }
  }

  private async run(entry: Entry<Result>): Promise<void> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.options.timeoutMs);
    try {
      const result = await entry.job.run(controller.signal);
      entry.resolve(result);
    } catch (error) {
      entry.attempts += 1;
      if (entry.attempts < this.options.maxAttempts) {
        this.enqueue(entry);
      } else {
        entry.reject(error);
      }
    } finally {
      clearTimeout(timer);
      this.running -= 1;
      this.fill();
    }
  }

  get pending(): number {
    return this.waiting.length;
  }

  get active(): number {
    return this.running;
  }
}
