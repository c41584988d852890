//! Files that are compiled in and served at addresses that name their content, so that a browser may keep them for ever.

mod asset;

use std::sync::LazyLock;

use axum::Router;

pub use asset::{Asset, MediaType};

/// The style of the payment page.
pub static CHECKOUT_STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/checkout", MediaType::Css, include_bytes!("../../assets/checkout.css")));
/// The script of the payment page.
pub static CHECKOUT_SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/checkout", MediaType::JavaScript, include_bytes!("../../assets/checkout.js")));
/// The browser module of shops; its addresses are those of the first version of its interface.
pub static SDK: LazyLock<Asset> = LazyLock::new(|| {
    let module = include_bytes!("../../../sdk/browser/tollgate-checkout.js");
    Asset::new("/sdk/v1/tollgate-checkout", MediaType::JavaScript, module)
});
/// The style of the demo shop.
pub static SHOP_STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/shop", MediaType::Css, include_bytes!("../../assets/shop.css")));
/// The script of the demo shop.
pub static SHOP_SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/shop", MediaType::JavaScript, include_bytes!("../../assets/shop.js")));

/// The style of the control panel.
pub static PANEL_STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/panel", MediaType::Css, include_bytes!("../../assets/panel.css")));
/// The script of the control panel, which works without it too.
pub static PANEL_SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/panel", MediaType::JavaScript, include_bytes!("../../assets/panel.js")));
/// The picture of the control panel in the browser's tabs.
pub static PANEL_ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/panel", MediaType::Svg, include_bytes!("../../assets/panel.svg")));

/// One route for each of these files, at the address that names its content.
pub fn routes<S: Clone + Send + Sync + 'static>(assets: &[&'static LazyLock<Asset>]) -> Router<S> {
    assets.iter().fold(Router::new(), |routes, asset| {
        let asset: &'static Asset = asset;
        routes.route(asset.path(), axum::routing::get(async || asset.unchanging()))
    })
}
