/** Types of Workers that shared code names. A server has no such handlers. */
type ExportedHandler<E = unknown, Q = unknown> = { env?: E; message?: Q };
