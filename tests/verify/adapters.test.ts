import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import * as functions from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import express from "express";
import fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";
import { callerOf, readPubSubPush, RequestRefused, type Verifier } from "../../verify/index";
import { cloudFunction } from "../../verify/adapters/cloudFunction";
import { expressMiddleware } from "../../verify/adapters/expressMiddleware";
import { fastifyHook } from "../../verify/adapters/fastifyHook";
import { fetchHandler } from "../../verify/adapters/fetchHandler";
import { honoMiddleware } from "../../verify/adapters/honoMiddleware";
import { nodeHandler } from "../../verify/adapters/nodeHandler";
import { CALLER, Google, STRANGER } from "./receiver";

type Pairs = [string, string][];
interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
/** Sends a request to an application that greets its caller. */
type Send = (headers: Pairs) => Promise<Reply>;

let google: Google;
const refused: RequestRefused[] = [];
const onRefused = (error: RequestRefused) => refused.push(error);
/** What the applications' own code throws. */
let failure: Error | undefined;
/** Whom the applications' own code has seen. */
const greeted: string[] = [];
const greeting = (email: string) => {
  greeted.push(email);
  if (failure !== undefined) throw failure;
  return `hello, ${email}`;
};
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  google = await Google.create();
});
beforeEach(() => {
  refused.length = greeted.length = 0;
  failure = undefined;
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function over(server: Server): Promise<Send> {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (headers) => {
    const whole: Pairs = [
      ["Host", "orders.example.com"],
      ["Content-Length", "0"],
    ];
    const sent = httpRequest({
      port,
      host: "127.0.0.1",
      method: "POST",
      headers: [...whole, ...headers].flat(),
    });
    sent.end();
    const [reply] = (await once(sent, "response")) as [IncomingMessage];
    return { status: reply.statusCode ?? 0, headers: reply.headers, body: await text(reply) };
  };
}

async function overFastify(app: FastifyInstance): Promise<Send> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  closers.push(() => app.close());
  return over(app.server);
}

function throughFetch(handler: (request: Request) => Response | Promise<Response>): Send {
  return async (pairs) => {
    const headers = new Headers();
    for (const [name, value] of pairs) headers.append(name, value);
    const reply = await handler(new Request("https://orders.example.com/", { method: "POST", headers }));
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.text() };
  };
}

const FRAMEWORKS: Record<string, (verifier: Verifier) => Promise<Send>> = {
  "node:http": (verifier) => {
    const handler = nodeHandler(
      verifier,
      (request, response, caller) => {
        expect(callerOf(request)).toBe(caller);
        response.end(greeting(caller.email));
      },
      { onRefused },
    );
    return over(createServer((request, response) => void handler(request, response)));
  },
  Express: (verifier) => {
    const app = express();
    app.use(expressMiddleware(verifier, { onRefused }));
    app.post("/", (request, response) => {
      response.send(greeting(callerOf(request).email));
    });
    return over(createServer(app));
  },
  Fastify: async (verifier) => {
    const app = fastify();
    app.addHook("onRequest", fastifyHook(verifier, { onRefused }));
    app.post("/", (request) => {
      expect(callerOf(request.raw)).toBe(callerOf(request));
      return greeting(callerOf(request).email);
    });
    return overFastify(app);
  },
  "Functions Framework": (verifier) => {
    functions.http(
      "orders",
      cloudFunction(
        verifier,
        (_: functions.Request, response: functions.Response, caller) => {
          response.send(greeting(caller.email));
        },
        { onRefused },
      ),
    );
    return over(getTestServer("orders"));
  },
  "Fetch API": (verifier) => {
    const handler = fetchHandler(
      verifier,
      (request: Request, caller, context: { params: string }) => {
        expect(callerOf(request)).toBe(caller);
        expect(context.params).toBe("7");
        return new Response(greeting(caller.email));
      },
      { onRefused },
    );
    return Promise.resolve(throughFetch((request) => handler(request, { params: "7" })));
  },
  Hono: (verifier) => {
    const app = new Hono();
    app.use(honoMiddleware(verifier, { onRefused }));
    app.post("/", (c) => c.text(greeting(callerOf(c.req.raw).email)));
    return Promise.resolve(throughFetch((request) => app.fetch(request)));
  },
};

describe.each(Object.entries(FRAMEWORKS))("%s", (_, start) => {
  const bearer = (token: string): Pairs => [["Authorization", `Bearer ${token}`]];

  it("lets the caller in, and knows who it is", async () => {
    const send = await start(await google.verifier());
    const token = await google.mint();
    for (let round = 0; round < 2; round++) {
      expect(await send(bearer(token))).toMatchObject({ status: 200, body: `hello, ${CALLER}` });
    }
    expect(refused).toEqual([]);
  });

  it("turns everybody else away with the right status, and tells the log why", async () => {
    const send = await start(await google.verifier());
    const [good, late] = [
      await google.mint(),
      await google.mint({ issuedAt: google.clock.now() - 7_200_000 }),
    ];
    const requests: [Pairs, number, string, string][] = [
      [[], 401, "ERR_TOKEN_MISSING", "Bearer"],
      [[["Authorization", "Basic eDp5"]], 401, "ERR_TOKEN_MISSING", "Bearer"],
      [bearer("nonsense"), 401, "ERR_TOKEN_MALFORMED", 'Bearer error="invalid_token"'],
      [bearer(late), 401, "ERR_TOKEN_EXPIRED", 'Bearer error="invalid_token"'],
      [
        bearer(await google.mint({ email: STRANGER })),
        403,
        "ERR_CALLER_NOT_ALLOWED",
        'Bearer error="insufficient_scope"',
      ],
      [[...bearer(good), ...bearer("x")], 400, "ERR_TOKEN_SEVERAL", 'Bearer error="invalid_request"'],
      [
        [...bearer(good), ["authorization", `Bearer ${good}`]],
        400,
        "ERR_TOKEN_SEVERAL",
        'Bearer error="invalid_request"',
      ],
    ];
    for (const [headers, status, code, challenge] of requests) {
      const reply = await send(headers);
      expect(reply.status).toBe(status);
      expect(reply.body).toMatch(new RegExp(`^${code}: [\\w -]+\n$`));
      expect(reply.headers["content-type"]).toBe("text/plain; charset=utf-8");
      expect(String(reply.headers["www-authenticate"])).toContain(challenge);
      expect(refused.at(-1)).toMatchObject({ code });
    }
    expect(refused).toHaveLength(requests.length);
    expect(greeted).toEqual([]);
  });

  it("answers what the application refuses too, such as a body that it cannot read", async () => {
    const log = jest.spyOn(console, "error").mockReturnValue();
    const send = await start(await google.verifier());
    failure = new RequestRefused("ERR_PUSH_MALFORMED", "no message");
    const reply = await send(bearer(await google.mint()));
    expect(reply.status).toBe(400);
    expect(greeted).toEqual([CALLER]);
    log.mockRestore();
  });

  it("says 503 when it cannot tell", async () => {
    const keys = { find: () => Promise.reject(new Error("down")) };
    const send = await start(await google.verifier({ keys }));
    const reply = await send(bearer(await google.mint()));
    expect(reply).toMatchObject({ status: 503, headers: { "retry-after": "30" } });
    expect(greeted).toEqual([]);
  });
});

describe("what goes wrong afterwards is not the adapter's", () => {
  it("Express hears of errors of its handlers, and of those of a verifier that is none", async () => {
    const app = express();
    const broken = {
      verifyHeaders: () => Promise.reject(new Error("broken verifier")),
    } as unknown as Verifier;
    app.use("/broken", expressMiddleware(broken));
    app.use(expressMiddleware(await google.verifier()));
    app.post("/", () => {
      throw new Error("broken handler");
    });
    const seen: unknown[] = [];
    app.use((error: unknown, _: express.Request, response: express.Response, next: express.NextFunction) => {
      if (response.headersSent) next(error);
      seen.push(error);
      response.status(500).end();
    });
    const send = await over(createServer(app));
    expect((await send([["Authorization", `Bearer ${await google.mint()}`]])).status).toBe(500);
    expect(String(seen[0])).toBe("Error: broken handler");
  });

  describe("node:http answers errors that are no refusals itself, since nobody else would", () => {
    const serve = async (handler: Parameters<typeof nodeHandler>[1], onError?: (error: unknown) => void) => {
      const own = nodeHandler(await google.verifier(), handler, { onError });
      return over(createServer((request, response) => void own(request, response)));
    };

    it("tells the log of them, without a token", async () => {
      const log = jest.spyOn(console, "error").mockReturnValue();
      closers.push(() => {
        log.mockRestore();
      });
      const token = await google.mint();
      const send = await serve((request, response) => {
        response.setHeader("Content-Length", 5);
        throw new Error(`broken by ${String(request.headers.authorization)}`);
      });
      const { status, body } = await send([["Authorization", `Bearer ${token}`]]);
      expect([status, body]).toEqual([500, "Internal Server Error\n"]);
      const said = log.mock.calls.flat().join();
      expect(said).toContain("Error: broken by Bearer (a token)");
      for (const part of token.split(".")) expect(said).not.toContain(part);
    });

    it("tells whoever wants to hear of them, and answers the next request", async () => {
      const errors: unknown[] = [];
      const failing = [new Error("first"), "second"];
      const send = await serve(
        (_request, response) => {
          const error = failing.shift();
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- handlers do
          if (error !== undefined) throw error;
          response.end("well");
        },
        (error) => errors.push(error),
      );
      const authorization: Pairs = [["Authorization", `Bearer ${await google.mint()}`]];
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await send(authorization)).status);
      expect(statuses).toEqual([500, 500, 200]);
      expect(errors).toEqual([new Error("first"), "second"]);
    });

    it("breaks off an answer that has begun", async () => {
      const errors: unknown[] = [];
      const send = await serve(
        (_request, response) => {
          response.writeHead(200).write("half");
          throw new Error("then");
        },
        (error) => errors.push(error),
      );
      await expect(send([["Authorization", `Bearer ${await google.mint()}`]])).rejects.toThrow();
      expect(errors).toEqual([new Error("then")]);
    });
  });

  it("and errors that are no refusals are passed on by each", async () => {
    const broken = { verifyHeaders: () => Promise.reject(new Error("broken")) } as unknown as Verifier;
    const handler = fetchHandler(broken, () => new Response());
    await expect(handler(new Request("https://x.example"))).rejects.toThrow("broken");
    const app = new Hono();
    app.use(honoMiddleware(broken));
    app.onError((error, c) => c.text(error.message, 500));
    expect(await (await app.request("/")).text()).toBe("broken");
    const server = fastify();
    server.addHook("onRequest", fastifyHook(broken));
    server.post("/", () => "never");
    expect(await (await overFastify(server))([])).toMatchObject({
      status: 500,
      body: expect.stringContaining("broken") as string,
    });
    const next = jest.fn();
    expressMiddleware(broken)({ rawHeaders: [] } as never, {} as never, next);
    await new Promise(setImmediate);
    expect(String(next.mock.calls[0])).toBe("Error: broken");
  });
});

describe("errors in a framework's own hands", () => {
  it("are answered by Express and Fastify as they should be", async () => {
    const app = express();
    // Express writes errors to the log in any other.
    app.set("env", "test");
    app.post("/", express.json(), (request) => {
      readPubSubPush(request.body);
    });
    const reply = await (await over(createServer(app)))([]);
    expect(reply.status).toBe(400);
    const server = fastify();
    server.post("/", () => {
      throw new RequestRefused("ERR_TOKEN_EXPIRED");
    });
    const answer = await (await overFastify(server))([]);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toContain("invalid_token");
  });
});

describe("callerOf", () => {
  it("takes Hono's context too, whose request other middleware may replace", async () => {
    const app = new Hono();
    app.use(honoMiddleware(await google.verifier()));
    app.use(async (c, next) => {
      c.req.raw = new Request(c.req.raw);
      await next();
    });
    app.get("/", (c) => c.text(callerOf(c).email));
    const reply = await app.request("/", { headers: { authorization: `Bearer ${await google.mint()}` } });
    expect(await reply.text()).toBe(CALLER);
  });

  it("throws where no adapter has been, whatever the request says", () => {
    for (const request of [{}, { caller: { email: CALLER } }, new Request("https://x.example")]) {
      expect(() => callerOf(request)).toThrow(TypeError);
      expect(() => callerOf(request)).toThrow("no adapter of @automatic-oidc/verify has let this request in");
    }
  });
});
