// An oidc-provider in memory that has given out tokens already, for measuring. Usage: node seeded.mjs <configuration.json>
// The file: {"port", "client", "families"}. It prints one line of JSON once it listens: {"refresh_tokens", "access_token"}.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const scope = 'read offline_access';
const accountId = 'an';

const provider = new Provider(`http://127.0.0.1:${given.port}`, {
  clients: [given.client],
  cookies: { keys: ['a key for measuring'] },
  scopes: scope.split(' '),
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: { introspection: { enabled: true }, devInteractions: { enabled: false } },
  rotateRefreshToken: true,
});
const client = await provider.Client.find(given.client.client_id);

async function give() {
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(scope);
  const about = { accountId, client, grantId: await grant.save(), scope, gty: 'authorization_code' };
  return {
    refresh: await new provider.RefreshToken({ ...about, authTime: Math.floor(Date.now() / 1000) }).save(),
    access: await new provider.AccessToken(about).save(),
  };
}

const families = [];
for (let number = 0; number < given.families; number += 1) families.push(await give());
provider.listen(given.port, '127.0.0.1', () => {
  console.log(JSON.stringify({ refresh_tokens: families.map((each) => each.refresh), access_token: families[0].access }));
});
