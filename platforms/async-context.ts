/** Makes OpenTelemetry's context follow asynchronous work, in Workers and their objects alike. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";

class AsyncContext implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.storage.run(active, () => work.apply(self, args));
  }

  bind<T>(active: Context, target: T): T {
    if (typeof target !== "function") return target;
    const bound = (...args: unknown[]): unknown =>
      this.storage.run(active, () => (target as (...args: unknown[]) => unknown)(...args));
    return bound as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    return this;
  }
}

/** Call it before anything is recorded. Only the first call of an isolate has an effect. */
export function followAsyncWork(): void {
  context.setGlobalContextManager(new AsyncContext());
}
