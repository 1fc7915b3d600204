/**
 * Short pauses that share a timer. A pause lets everything else that waits go on, such as messages that have arrived. It does so
 * too if it joins a timer that already runs, because a timer fires only when the runtime has looked at its sockets. workerd
 * fires timers that are due one after the other, 1.2 ms apart: of 20 that begin together the last fires after 24 ms.
 */

type Wait = (milliseconds: number) => Promise<void>;

/** In milliseconds. Nobody measures time with a shorter pause. */
const SHORT = 1;

/**
 * Returns `wait` with a common timer for pauses of up to a millisecond. Only for code in one I/O context, such as that of a
 * Durable Object: on Workers a request cannot wait for the timer of another one.
 */
export function shareShortPauses(wait: Wait): Wait {
  let running: Promise<void> | undefined;
  return (milliseconds) => {
    if (milliseconds > SHORT) return wait(milliseconds);
    running ??= wait(SHORT).finally(() => {
      running = undefined;
    });
    return running;
  };
}
