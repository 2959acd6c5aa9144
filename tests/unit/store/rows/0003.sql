INSERT INTO search_synonyms (id, set_id, phrase) VALUES (1, 1, 'sofa'), (2, 1, 'couch'), (3, 2, 'cast iron');
