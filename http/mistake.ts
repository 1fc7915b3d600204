/** The answer of a fetch handler to an unexpected error. */

type Fetch<Rest extends unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>;

/**
 * Logs what `fetch` throws, and answers 500 with one sentence. The runtime itself would answer with the error's message. With
 * `npm start` it would add the stack, with paths of this machine.
 */
export function withoutStackTraces<Rest extends unknown[]>(
  fetch: Fetch<Rest>,
  report: (error: unknown) => void,
): Fetch<Rest> {
  return async (request, ...rest) => {
    try {
      return await fetch(request, ...rest);
    } catch (error) {
      report(error);
      return new Response("internal error of the relay; its log has the details", {
        status: 500,
      });
    }
  };
}
