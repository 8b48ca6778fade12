// A certified OAuth client (openid-client), told on stdin what to do, a line each: [id, client, step, argument].
// Each answer is a line: [id, {"value"}] or [id, {"error"}], the latter as the library reports it.
import { createInterface } from 'node:readline';
import * as oauth from 'openid-client';

const ALGORITHMS = { EC: { name: 'ECDSA', namedCurve: 'P-256' }, OKP: { name: 'Ed25519' } };

class Client {
  exchanges = []; // [path, status] of each exchange with the server
  held = null; // exchanges that wait for `pass`, while the library polls

  async discover({ issuer, now, id, metadata, method, secret, key, proof, register }) {
    const options = { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests], [oauth.customFetch]: this.fetch };
    const skew = Math.round(now - Date.now() / 1000);
    const known = { [oauth.clockSkew]: skew, ...metadata };
    if (register) {
      this.config = await oauth.dynamicClientRegistration(new URL(issuer), register, undefined, options);
    } else {
      const authentication = await authenticationBy(method, secret, key);
      this.config = await oauth.discovery(new URL(issuer), id, known, authentication, options);
    }
    this.options = proof && { DPoP: oauth.getDPoPHandle(this.config, await oauth.randomDPoPKeyPair(proof)) };
    return { server: this.config.serverMetadata(), client: this.config.clientMetadata() };
  }

  async authorize({ pushed, ...parameters }) {
    this.checks = { pkceCodeVerifier: oauth.randomPKCECodeVerifier(), expectedState: oauth.randomState() };
    const asked = {
      ...parameters,
      state: this.checks.expectedState,
      code_challenge: await oauth.calculatePKCECodeChallenge(this.checks.pkceCodeVerifier),
      code_challenge_method: 'S256',
    };
    if (!pushed) return oauth.buildAuthorizationUrl(this.config, asked).href;
    return (await oauth.buildAuthorizationUrlWithPAR(this.config, asked, this.options)).href;
  }

  land(url) {
    return oauth.authorizationCodeGrant(this.config, new URL(url), this.checks, undefined, this.options);
  }

  refresh(token) {
    return oauth.refreshTokenGrant(this.config, token, undefined, this.options);
  }

  manage(parameters) {
    return oauth.clientCredentialsGrant(this.config, parameters, this.options);
  }

  introspect(token) {
    return oauth.tokenIntrospection(this.config, token);
  }

  revoke(token) {
    return oauth.tokenRevocation(this.config, token);
  }

  async start(parameters) {
    this.device = await oauth.initiateDeviceAuthorization(this.config, parameters);
    this.held = new Queue();
    return this.device;
  }

  async poll() {
    const soon = { ...this.device, interval: 0.01 };
    const tokens = await oauth.pollDeviceAuthorizationGrant(this.config, soon, undefined, this.options);
    this.held = null;
    return tokens;
  }

  async pass() {
    const { go, done } = await this.held.take();
    go();
    return done;
  }

  async call({ url, token }) {
    const answer = await oauth.fetchProtectedResource(
      this.config, token, new URL(url), 'GET', undefined, undefined, this.options);
    return { status: answer.status, body: await answer.json() };
  }

  async seen() {
    return this.exchanges.splice(0);
  }

  fetch = async (url, options) => {
    const { go, passed, tell } = gate();
    if (this.held) this.held.put(go);
    else go.go();
    await passed;
    const answer = await fetch(url, options);
    this.exchanges.push([new URL(url).pathname, answer.status]);
    tell(answer.status);
    return answer;
  };
}

// What may pass one at a time: whoever takes waits until something was put.
class Queue {
  waiting = [];
  takers = [];

  put(item) {
    const taker = this.takers.shift();
    if (taker) taker(item);
    else this.waiting.push(item);
  }

  take() {
    if (this.waiting.length) return Promise.resolve(this.waiting.shift());
    return new Promise((resolve) => this.takers.push(resolve));
  }
}

function gate() {
  let go, tell;
  const passed = new Promise((resolve) => { go = resolve; });
  const done = new Promise((resolve) => { tell = resolve; });
  return { go: { go, done }, passed, tell };
}

async function authenticationBy(method, secret, key) {
  if (method === 'none') return oauth.None();
  if (method === 'client_secret_basic') return oauth.ClientSecretBasic(secret);
  if (method === 'client_secret_post') return oauth.ClientSecretPost(secret);
  const imported = await crypto.subtle.importKey('jwk', key, ALGORITHMS[key.kty], false, ['sign']);
  return oauth.PrivateKeyJwt({ key: imported, kid: key.kid });
}

function told(error) {
  const challenges = error.code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE' ? error.cause : undefined;
  return { name: error.name, code: error.code, status: error.status, word: error.error, message: error.message,
    description: error.error_description, because: error.cause?.message, challenges };
}

const clients = new Map();
createInterface({ input: process.stdin }).on('line', async (line) => {
  const [id, name, step, argument] = JSON.parse(line);
  if (!clients.has(name)) clients.set(name, new Client());
  let answer;
  try {
    answer = { value: (await clients.get(name)[step](argument)) ?? null };
  } catch (error) {
    answer = { error: told(error) };
  }
  process.stdout.write(`${JSON.stringify([id, answer])}\n`);
});
