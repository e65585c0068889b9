CREATE TABLE users (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  issuer text NOT NULL,
  subject text NOT NULL,
  client_id text,
  username text,
  email text,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled', 'deleted')),
  as_of bigint NOT NULL,
  UNIQUE (issuer, subject)
);

CREATE TABLE orders (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  owner_id bigint NOT NULL REFERENCES users (id),
  item text NOT NULL
);
