{"name":"bare","owner":{"id":"825166ad-edde-4f1e-8ea9-3107ee0b4dd7","name":"api"},"ownerManagedAccess":false,"_id":"9af27d35-a08c-47b7-a0cc-1b28687baa2a","uris":[],"resource_scopes":[]} [201]
