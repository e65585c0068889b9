export default fromFetch(kc.guard({ realmRole: 'admin' }, () => Response.json({ secret: 42 })));
