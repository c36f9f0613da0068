//! What an operation is.

use axum::http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::call::{self, Taken};
use super::model;
use crate::permission::Needs;
use crate::route::Methods;

/// One operation that only looks.
pub struct Operation {
    /// Its name.
    pub id: &'static str,
    /// Its path under [`super::BASE`], e.g. `/controls/{id}`.
    pub path: &'static str,
    /// An address of it.
    pub example: &'static str,
    /// What it answers, in a line.
    pub summary: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// Whether it is a list, paged by a cursor.
    pub is_list: bool,
    /// Whether it is bytes, not JSON.
    pub is_file: bool,
    /// Whether only people look, never tokens.
    pub is_for_people: bool,
    /// Other parameters of its query: name and meaning.
    pub filters: &'static [(&'static str, &'static str)],
    /// The shape of its answer.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// What answers.
    pub(crate) handler: fn() -> Methods,
}

/// Where an operation is: path and an address of it.
pub(super) type At = (&'static str, &'static str);

impl Operation {
    /// One thing, for whoever sees all things of its kind.
    pub(super) const fn one<T: JsonSchema>(
        id: &'static str,
        at: At,
        summary: &'static str,
        resource: Resource,
        handler: fn() -> Methods,
    ) -> Self {
        Self {
            id,
            path: at.0,
            example: at.1,
            summary,
            needs: Needs::Permission(Atom::new(resource, Verb::Read)),
            is_list: false,
            is_file: false,
            is_for_people: false,
            filters: &[],
            schema: SchemaGenerator::subschema_for::<T>,
            handler,
        }
    }

    /// A list, for whoever sees all things of its kind.
    pub(super) const fn list<T: JsonSchema>(
        id: &'static str,
        at: At,
        summary: &'static str,
        resource: Resource,
        handler: fn() -> Methods,
    ) -> Self {
        let mut operation = Self::one::<T>(id, at, summary, resource, handler);
        operation.is_list = true;
        operation.schema = SchemaGenerator::subschema_for::<model::Page<T>>;
        operation
    }

    /// The bytes of a file, for whoever may take it out; the use case decides which.
    pub(super) const fn file(
        id: &'static str,
        at: At,
        summary: &'static str,
        resource: Resource,
        handler: fn() -> Methods,
    ) -> Self {
        let mut operation = Self::one::<()>(id, at, summary, resource, handler);
        operation.is_file = true;
        operation.needs = Needs::Reach(Atom::new(resource, Verb::Export));
        operation
    }

    /// With other parameters.
    pub(super) const fn filtered(mut self, filters: &'static [(&'static str, &'static str)]) -> Self {
        self.filters = filters;
        self
    }

    /// For whoever may do this to what it is about; the use case decides which.
    pub(super) const fn reached(mut self, verb: Verb) -> Self {
        if let Needs::Reach(atom) | Needs::Permission(atom) = self.needs {
            self.needs = Needs::Reach(Atom::new(atom.resource, verb));
        }
        self
    }

    /// For whoever may do this to all things of its kind.
    pub(super) const fn wholly(mut self, verb: Verb) -> Self {
        if let Needs::Reach(atom) | Needs::Permission(atom) = self.needs {
            self.needs = Needs::Permission(Atom::new(atom.resource, verb));
        }
        self
    }

    /// For whoever may do more than read.
    pub(super) const fn to(mut self, verb: Verb) -> Self {
        if let Needs::Permission(atom) = self.needs {
            self.needs = Needs::Permission(Atom::new(atom.resource, verb));
        }
        self
    }

    /// The use case narrows it to what somebody may see.
    pub(super) const fn narrowed(mut self) -> Self {
        if let Needs::Permission(atom) = self.needs {
            self.needs = Needs::Reach(atom);
        }
        self
    }

    /// The use case asks for what it is about.
    pub(super) const fn for_members(mut self) -> Self {
        self.needs = Needs::Session;
        self
    }

    /// Only people look.
    pub(super) const fn for_people(mut self) -> Self {
        self.is_for_people = true;
        self
    }
}

/// One operation that changes something.
pub struct Writing {
    /// Its name.
    pub id: &'static str,
    /// `POST` or `PUT`.
    pub method: Method,
    /// Its path under [`super::BASE`].
    pub path: &'static str,
    /// An address of it.
    pub example: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What it needs, at least for the thing that it is about.
    pub needs: Needs,
    /// The status when it is done.
    pub status: StatusCode,
    /// Whether it changes a version, which `If-Match` names.
    pub is_versioned: bool,
    /// Whether only people do it, never tokens.
    pub is_for_people: bool,
    /// The schema of its body.
    pub(crate) body: fn() -> Schema,
    /// The shape of its answer.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// What does it.
    pub(crate) handler: fn() -> Methods,
}

impl Writing {
    /// Something that is done with a thing; the use case decides about the thing itself.
    pub(super) const fn post<B: Taken, T: JsonSchema>(
        id: &'static str,
        at: At,
        summary: &'static str,
        (resource, verb): (Resource, Verb),
        handler: fn() -> Methods,
    ) -> Self {
        Self {
            id,
            method: Method::POST,
            path: at.0,
            example: at.1,
            summary,
            needs: Needs::Reach(Atom::new(resource, verb)),
            status: StatusCode::OK,
            is_versioned: false,
            is_for_people: false,
            body: call::schema_of::<B>,
            schema: SchemaGenerator::subschema_for::<T>,
            handler,
        }
    }

    /// A thing that is written anew.
    pub(super) const fn put<B: Taken, T: JsonSchema>(
        id: &'static str,
        at: At,
        summary: &'static str,
        (resource, verb): (Resource, Verb),
        handler: fn() -> Methods,
    ) -> Self {
        Self {
            id,
            method: Method::PUT,
            path: at.0,
            example: at.1,
            summary,
            needs: Needs::Reach(Atom::new(resource, verb)),
            status: StatusCode::OK,
            is_versioned: false,
            is_for_people: false,
            body: call::schema_of::<B>,
            schema: SchemaGenerator::subschema_for::<T>,
            handler,
        }
    }

    /// It makes something.
    pub(super) const fn created(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// It asks for something that is done later.
    pub(super) const fn accepted(mut self) -> Self {
        self.status = StatusCode::ACCEPTED;
        self
    }

    /// It starts from a version.
    pub(super) const fn versioned(mut self) -> Self {
        self.is_versioned = true;
        self
    }

    /// Only people do it.
    pub(super) const fn for_people(mut self) -> Self {
        self.is_for_people = true;
        self
    }

    /// The use case asks for what it is about.
    pub(super) const fn for_members(mut self) -> Self {
        self.needs = Needs::Session;
        self
    }
}

/// What a request asks for, found once by the guard; it goes with the request.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// The document.
    Document,
    /// To look.
    Look(&'static Operation),
    /// To change something.
    Change(&'static Writing),
}

impl Wanted {
    /// What it needs.
    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::Document => Needs::Session,
            Self::Look(operation) => operation.needs,
            Self::Change(writing) => writing.needs,
        }
    }

    /// Whether only people ask for it, with the session of a browser, and no program with a token.
    pub(crate) fn is_for_people(self) -> bool {
        match self {
            Self::Document => false,
            Self::Look(operation) => operation.is_for_people,
            Self::Change(writing) => writing.is_for_people,
        }
    }

    /// The other parameters that its query may have.
    pub(super) fn filters(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Look(operation) => operation.filters,
            Self::Document | Self::Change(_) => &[],
        }
    }
}
