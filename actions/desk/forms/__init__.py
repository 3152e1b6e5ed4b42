"""Forms: params by their JSON schema, and the reason that every act is audited with."""
